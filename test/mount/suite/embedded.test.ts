import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { LOOPBACK_ONLY, MountProcess, NOBODY } from '../harness/mount-process.ts';
import { createScratchFolder, removeScratchFolder } from '../harness/scratch.ts';
import { describeFileSuite } from './file-suite.ts';

let folder: string;

beforeAll(async () => {
  folder = await createScratchFolder();
});
afterAll(() => removeScratchFolder(folder));

describeFileSuite('mounted by root from .torrent files, over the embedded engine', () => {
  const corpus = inject('corpus');
  return {
    corpus,
    year: '2020',
    start: () =>
      MountProcess.startUnmanaged({
        sources: Object.values(corpus.torrents).map(torrent => torrent.torrentFile),
        mountpoint: join(folder, 'root'),
        dataDir: join(folder, 'root-data'),
        args: [...LOOPBACK_ONLY, '--peer', corpus.peer],
      }),
  };
});

describeFileSuite('mounted by an ordinary user from magnets, over the embedded engine', () => {
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
        args: [...LOOPBACK_ONLY, '--peer', corpus.peer],
        env: { HOME: home },
        uid: NOBODY,
      });
      await mount.untilListed(Object.values(corpus.torrents).map(torrent => torrent.name));
      return mount;
    },
  };
});
