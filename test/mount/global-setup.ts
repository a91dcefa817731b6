import type { TestProject } from 'vitest/node';
import { startSeeder } from '../swarm/seeder.ts';
import { createScratchFolder, removeScratchFolder } from './harness/scratch.ts';
import { type Corpus, makeCorpus } from './suite/corpus.ts';

declare module 'vitest' {
  interface ProvidedContext {
    corpus: Corpus;
  }
}

/** Makes the corpus and seeds it with a real client for as long as the mount tests run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await createScratchFolder();
  const corpus = await makeCorpus(folder);
  const seeder = await startSeeder({
    torrents: Object.values(corpus.torrents).map(torrent => torrent.torrentFile),
    payloadDir: corpus.payloadDir,
  });
  project.provide('corpus', { ...corpus, peer: seeder.address });
  return async () => {
    await seeder.stop();
    await removeScratchFolder(folder);
  };
}
