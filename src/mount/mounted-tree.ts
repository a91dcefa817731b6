import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import { PathSettingsStore } from '../catalog/path-settings.ts';
import type { Config } from '../config/options.ts';
import type { Engine } from '../engine/index.ts';
import type { AttributeOptions } from '../fs/attributes.ts';
import { type MountFacts, type MountStatus, mountStatus } from '../fs/mount-status.ts';
import { PieceMaps } from '../fs/piece-maps.ts';
import { TorrentSlowLane } from '../fs/slow-lane.ts';
import { TorrentRoot } from '../fs/torrent-root.ts';
import { type FuseMount, ROOT_NODE } from '../fuse/index.ts';
import { createReader } from '../read/create-reader.ts';
import type { TorrentReader } from '../read/torrent-reader.ts';
import { VerifiedFileStore } from '../read/verified-file-store.ts';
import type { Logger } from '../util/logger.ts';
import { packageVersion } from '../util/package-version.ts';
import type { Teardown } from '../util/teardown.ts';
import type { LiveConfig } from './live-config.ts';
import { mountActivity } from './observation/mount-activity.ts';
import { ObservedMount } from './observation/observed-mount.ts';
import { observedContents } from './observation/virtual-contents.ts';
import type { DataDirectory } from './open-data-directory.ts';
import { SharedLanes } from './shared-lanes.ts';

export interface MountedTreeParts {
  readonly mountpoint: string;
  readonly live: LiveConfig;
  readonly catalog: Catalog;
  readonly engine: Engine;
  readonly data: DataDirectory;
  readonly logger: Logger;
}

/**
 * The torrents of a mount as a filesystem: both lanes over the catalog, what they share, and what is told of it. It is complete
 * once {@link mountAll} is through, and tied to the kernel by {@link serve}, for the kernel's mount is made of its lanes.
 */
export class MountedTree {
  readonly lanes: SharedLanes;
  readonly slowLane: TorrentSlowLane;
  readonly observed: ObservedMount;
  readonly #facts: MountFacts;
  readonly #catalog: Catalog;
  readonly #root: TorrentRoot;
  readonly #reader: TorrentReader;
  readonly #pieces: PieceMaps;
  #fuse: FuseMount | undefined;

  constructor(parts: MountedTreeParts, teardown: Teardown) {
    const { live, catalog, engine, data } = parts;
    const { current: config, defaultPolicy } = live;
    const attributes = attributeOptions(config);
    this.#facts = mountFacts(parts);
    this.#catalog = catalog;
    this.#pieces = new PieceMaps(engine);
    this.lanes = new SharedLanes({ attributes, cacheBytes: config.cache.sizeBytes });
    teardown.push(() => this.lanes.close());
    this.#reader = readerOf(parts, this.lanes);
    teardown.push(() => this.#reader.stop());
    const { trees, cache } = this.lanes;
    const onNameGone = (name: string) => this.#fuse?.notifier.invalidateEntry(ROOT_NODE, Buffer.from(name));
    this.#root = new TorrentRoot({ catalog, trees, onNameGone });
    teardown.push(() => this.#root.stop());
    const settings = new PathSettingsStore(data.journal);
    const shared = { catalog, root: this.#root, reader: this.#reader, pieces: this.#pieces, settings, defaultPolicy };
    this.slowLane = new TorrentSlowLane({
      ...attributes,
      ...shared,
      trees,
      onNameGone,
      contents: { status: () => this.status(), ...observedContents(() => this.observed) },
      backing: () => this.#fuse?.backingFiles,
    });
    const { version, mountpoint, read_only: readOnly } = this.#facts;
    this.observed = new ObservedMount(
      { ...shared, facts: { version, mountpoint, readOnly }, engine, cache, fuse: () => this.#fuse },
      readOnly ? undefined : this.slowLane.control,
    );
  }

  /** Resolves when every torrent of the catalog has its entry. @throws the signal's reason */
  mountAll(signal: AbortSignal): Promise<void> {
    return this.#root.mountAll(signal);
  }

  /** The kernel has agreed. */
  serve(fuse: FuseMount): void {
    this.#fuse = fuse;
  }

  status(): MountStatus {
    return mountStatus({
      facts: this.#facts,
      catalog: this.#catalog,
      root: this.#root,
      pieces: this.#pieces,
      activity: () => mountActivity(this.#reader, this.#fuse),
    });
  }
}

function readerOf({ live, engine, data, logger }: MountedTreeParts, lanes: SharedLanes): TorrentReader {
  const { read } = live.current;
  const log = logger.child({ part: 'read' });
  const verified = new VerifiedFileStore(join(data.path, 'verified'), log);
  const reader = createReader(
    { engine, cache: lanes.cache, handles: lanes.handles, verified, log },
    { readAheadBytes: read.aheadBytes, verifyAll: read.verify },
  );
  lanes.onTouched(handle => reader.touched(handle));
  return reader;
}

function mountFacts({ mountpoint, live, engine, data }: MountedTreeParts): MountFacts {
  return {
    mountpoint,
    pid: process.pid,
    version: packageVersion,
    engine: engine.description,
    data_dir: data.path,
    started_at: new Date().toISOString(),
    read_only: live.current.mount.readOnly,
  };
}

function attributeOptions({ mount: { uid, gid, umask, readOnly } }: Config): AttributeOptions {
  return { uid: uid ?? process.getuid?.() ?? 0, gid: gid ?? process.getgid?.() ?? 0, umask, readOnly };
}
