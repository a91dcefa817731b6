import type { TestProject } from 'vitest/node';
import { Seeder } from '../../swarm/seeder.ts';
import { createScratchFolder, removeScratchFolder } from '../harness/scratch.ts';
import { type Corpus, makeCorpus } from './corpus.ts';

declare module 'vitest' {
  interface ProvidedContext {
    corpus: Corpus;
  }
}

/** Makes the corpus and seeds it with a real client for as long as the mount tests run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await createScratchFolder();
  const { corpus, seeded } = await makeCorpus(folder);
  const seeder = await Seeder.startUnmanaged({ torrents: seeded, payloadDir: corpus.payloadDir });
  project.provide('corpus', { ...corpus, peer: seeder.address });
  return async () => {
    await seeder.stop();
    await removeScratchFolder(folder);
  };
}
