import { afterAll, beforeAll, inject } from 'vitest';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { createScratchFolder, removeScratchFolder } from '../harness/scratch.ts';
import { describeFileSuite } from './file-suite.ts';
import { byNobody, byRoot } from './over-corpus.ts';

let scratch: string;
const servers: RqbitServer[] = [];

beforeAll(async () => {
  scratch = await createScratchFolder();
});
afterAll(async () => {
  await Promise.all(servers.map(server => server.destroy()));
  await removeScratchFolder(scratch);
});

const mounted = () => ({ corpus: inject('corpus'), folder: () => scratch, engine: overRqbit });

describeFileSuite('mounted by root over a real rqbit whose files are on this machine', () => byRoot(mounted()));
describeFileSuite('mounted by an ordinary user over a real rqbit whose files only root can read', () =>
  byNobody(mounted()),
);

/** Options that mount over a server started for them, in a folder that only root may enter. */
async function overRqbit(): Promise<string[]> {
  const server = await RqbitServer.startUnmanaged({ blockingThreads: 64 });
  servers.push(server);
  return ['--engine', 'rqbit', '--rqbit-url', server.url.href];
}
