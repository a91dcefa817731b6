import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { MountProcess, NOBODY } from '../harness/mount-process.ts';
import { createScratchFolder, removeScratchFolder } from '../harness/scratch.ts';
import { describeFileSuite } from './file-suite.ts';

let folder: string;
const servers: RqbitServer[] = [];

beforeAll(async () => {
  folder = await createScratchFolder();
});
afterAll(async () => {
  await Promise.all(servers.map(server => server.destroy()));
  await removeScratchFolder(folder);
});

describeFileSuite('mounted by root over a real rqbit whose files are on this machine', () => {
  const corpus = inject('corpus');
  return {
    corpus,
    year: '2020',
    start: async () => {
      const mount = await MountProcess.startUnmanaged({
        sources: Object.values(corpus.torrents).map(torrent => torrent.torrentFile),
        mountpoint: join(folder, 'root'),
        dataDir: join(folder, 'root-data'),
        args: [...(await overRqbit()), '--peer', corpus.peer],
      });
      await mount.untilListed(Object.values(corpus.torrents).map(torrent => torrent.name));
      return mount;
    },
  };
});

describeFileSuite('mounted by an ordinary user over a real rqbit whose files only root can read', () => {
  const corpus = inject('corpus');
  return {
    corpus,
    year: `${new Date().getFullYear()}`, // a magnet brings no creation date
    start: async () => {
      const home = join(folder, 'nobody');
      await mkdir(join(home, 'mnt'), { recursive: true });
      await Promise.all([home, join(home, 'mnt')].map(path => chown(path, NOBODY, NOBODY)));
      const mount = await MountProcess.startUnmanaged({
        sources: Object.values(corpus.torrents).map(torrent => torrent.magnet),
        mountpoint: join(home, 'mnt'),
        dataDir: join(home, 'data'),
        args: [...(await overRqbit()), '--peer', corpus.peer],
        env: { HOME: home },
        uid: NOBODY,
      });
      await mount.untilListed(Object.values(corpus.torrents).map(torrent => torrent.name));
      return mount;
    },
  };
});

/** Options that mount over a server started for them, in a folder that only root may enter. */
async function overRqbit(): Promise<string[]> {
  const server = await RqbitServer.startUnmanaged({ blockingThreads: 64 });
  servers.push(server);
  return ['--engine', 'rqbit', '--rqbit-url', server.url.href];
}
