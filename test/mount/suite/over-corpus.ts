import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MountProcess, NOBODY } from '../harness/mount-process.ts';
import type { Corpus } from './corpus.ts';
import type { FileSuiteSetup } from './file-suite.ts';

/** A mount of the whole corpus, by somebody, over an engine. */
export interface CorpusMount {
  readonly corpus: Corpus;
  /** Where the mount point and the data lie; read when the mount starts. */
  readonly folder: () => string;
  /** Options that choose the engine. */
  readonly engine: () => readonly string[] | Promise<readonly string[]>;
}

/** From .torrent files, by root. */
export function byRoot({ corpus, folder, engine }: CorpusMount): FileSuiteSetup {
  return {
    corpus,
    year: '2020',
    start: async () => {
      const mount = await MountProcess.startUnmanaged({
        sources: Object.values(corpus.torrents).map(torrent => torrent.torrentFile),
        mountpoint: join(folder(), 'root'),
        dataDir: join(folder(), 'root-data'),
        args: [...(await engine()), '--peer', corpus.peer],
      });
      await mount.untilListed(
        Object.values(corpus.torrents).map(torrent => torrent.name),
        110_000,
      );
      return mount;
    },
  };
}

/** From magnets, by an ordinary user. */
export function byNobody({ corpus, folder, engine }: CorpusMount): FileSuiteSetup {
  return {
    corpus,
    year: undefined, // a magnet brings no creation date
    start: async () => {
      const home = join(folder(), 'nobody');
      await mkdir(join(home, 'mnt'), { recursive: true });
      await Promise.all([home, join(home, 'mnt')].map(path => chown(path, NOBODY, NOBODY)));
      const mount = await MountProcess.startUnmanaged({
        sources: Object.values(corpus.torrents).map(torrent => torrent.magnet),
        mountpoint: join(home, 'mnt'),
        dataDir: join(home, 'data'),
        args: [...(await engine()), '--peer', corpus.peer],
        env: { HOME: home },
        uid: NOBODY,
      });
      await mount.untilListed(
        Object.values(corpus.torrents).map(torrent => torrent.name),
        110_000,
      );
      return mount;
    },
  };
}
