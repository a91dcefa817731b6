import type { CacheWriter } from '../../cache/cache-writer.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { PathSettingsStore } from '../../catalog/path-settings.ts';
import type { Engine } from '../../engine/index.ts';
import type { PieceMaps } from '../../fs/piece-maps.ts';
import type { TorrentRoot } from '../../fs/torrent-root.ts';
import type { FuseMount } from '../../fuse/index.ts';
import type { MountFacts } from '../../observe/snapshot.ts';
import type { ReadPolicy } from '../../read/reader.ts';
import type { TorrentReader } from '../../read/torrent-reader.ts';

/** The parts of a mount that are watched. */
export interface ObservedParts {
  readonly facts: MountFacts;
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly root: TorrentRoot;
  readonly pieces: PieceMaps;
  readonly reader: TorrentReader;
  readonly cache: CacheWriter;
  readonly settings: PathSettingsStore;
  readonly defaultPolicy: ReadPolicy;
  /** Undefined before the kernel has agreed. */
  fuse(): FuseMount | undefined;
}
