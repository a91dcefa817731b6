import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { Journal } from '../../src/catalog/journal.ts';
import { MetainfoStore } from '../../src/catalog/metainfo-store.ts';
import { MountCatalog } from '../../src/catalog/mount-catalog.ts';
import { PathSettingsStore } from '../../src/catalog/path-settings.ts';
import { type MountActivity, mountStatus } from '../../src/fs/mount-status.ts';
import { PieceMaps } from '../../src/fs/piece-maps.ts';
import { TorrentSlowLane } from '../../src/fs/slow-lane.ts';
import type { BackingRegistry } from '../../src/fs/torrent-files.ts';
import { TorrentRoot } from '../../src/fs/torrent-root.ts';
import { TreePublisher } from '../../src/fs/tree-publisher.ts';
import type { VirtualContents } from '../../src/fs/virtual-files/virtual-root.ts';
import { OpenFlag } from '../../src/fuse/abi/flags.ts';
import { type Entry, ErrnoError, type NodeId, type RequestContext, ROOT_NODE } from '../../src/fuse/filesystem.ts';
import type { Reader } from '../../src/read/reader.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import { FakeReader } from '../fakes/fake-reader.ts';

export const context: RequestContext = {
  unique: 1,
  uid: 0,
  gid: 0,
  pid: 1,
  signal: new AbortController().signal,
};

const quiet: MountActivity = {
  cache: { capacity_bytes: 8, used_bytes: 4, hits: 1, hit_bytes: 2, misses: 3, evictions: 0 },
  reads: { in_flight: 0, waiting: 0, refused: 0, open_files: 0, open_handles: 0, streams: 0 },
};

export interface HarnessOptions {
  readonly engine?: FakeEngine;
  /** Of an earlier harness, to mount the same again. */
  readonly dir?: string;
  readonly readOnly?: boolean;
  readonly contents?: Partial<VirtualContents>;
  readonly backing?: BackingRegistry;
  /** In place of {@link SlowLaneHarness.reader}. */
  readonly reader?: Reader;
  /** Of a fast lane; else nobody hears of the trees. */
  readonly trees?: TreePublisher;
}

/** The slow lane over a fake engine and a real data directory, and what programs do with it. */
export class SlowLaneHarness {
  readonly engine: FakeEngine;
  readonly dir: string;
  readonly catalog: MountCatalog;
  readonly root: TorrentRoot;
  readonly trees: TreePublisher;
  readonly pieces: PieceMaps;
  readonly settings: PathSettingsStore;
  readonly reader: FakeReader;
  readonly lane: TorrentSlowLane;
  /** Names that the kernel was told to forget. */
  readonly namesGone: string[] = [];

  constructor(options: HarnessOptions = {}) {
    this.engine = options.engine ?? new FakeEngine();
    this.dir = options.dir ?? mkdtempSync(join(tmpdir(), 'torrent-fuse-lane-'));
    const journal = Journal.open(this.dir, { logger: silentLogger });
    this.catalog = new MountCatalog({
      engine: this.engine,
      journal,
      store: new MetainfoStore(this.dir),
      logger: silentLogger,
      peers: [],
      timing: { pollIntervalMs: 100, stalledTimeoutMs: 300_000 },
    });
    this.trees = options.trees ?? new TreePublisher({ port: new MessageChannel().port1 });
    const onNameGone = (name: string) => this.namesGone.push(name);
    this.root = new TorrentRoot({ catalog: this.catalog, trees: this.trees, onNameGone });
    void this.root.mountAll(context.signal); // at once, for so few
    this.reader = new FakeReader(this.engine);
    this.pieces = new PieceMaps(this.engine);
    this.settings = new PathSettingsStore(journal);
    const { catalog, root, trees, pieces, settings } = this;
    const readOnly = options.readOnly ?? false;
    const facts = {
      mountpoint: '/mnt/films',
      pid: 42,
      version: '1.2.3',
      engine: this.engine.description,
      data_dir: this.dir,
      started_at: '2026-01-02T03:04:05.000Z',
      read_only: readOnly,
    };
    this.lane = new TorrentSlowLane({
      catalog,
      root,
      trees,
      onNameGone,
      reader: options.reader ?? this.reader,
      pieces,
      settings,
      defaultPolicy: { whenMissing: 'wait', timeoutMs: 30_000 },
      contents: {
        status: () => mountStatus({ facts, catalog, root, pieces, activity: () => quiet }),
        ...options.contents,
      },
      backing: () => options.backing,
      uid: 1000,
      gid: 1000,
      umask: 0,
      readOnly,
    });
    this.lane.init({ maxRead: 1 << 20, directIoMmap: true, passthrough: true });
  }

  /** Ends it and keeps the data directory. */
  async stop(): Promise<void> {
    this.root.stop();
    this.trees.close();
    await this.catalog.stop();
  }

  async discard(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async lookup(path: string): Promise<Entry> {
    let entry: Entry = { ...(await this.#root()), node: ROOT_NODE };
    for (const name of path.split('/')) {
      const found = await this.lane.lookup(context, entry.node, Buffer.from(name));
      entry = structuredClone(found as Entry);
      if (entry.node === 0) throw new ErrnoError(2);
    }
    return entry;
  }

  async node(path: string): Promise<NodeId> {
    return (await this.lookup(path)).node;
  }

  /** `ls` */
  async list(path = ''): Promise<string[]> {
    const node = path === '' ? ROOT_NODE : await this.node(path);
    const { handle } = (await this.lane.opendir(context, node)) as { handle: number };
    const names: string[] = [];
    let cookie = 0;
    for (;;) {
      // A buffer that holds three entries, so that listings go on where they stopped.
      const page: string[] = [];
      const add = (name: Uint8Array, next: number): boolean => {
        if (page.length === 3) return false;
        page.push(Buffer.from(name).toString());
        cookie = next;
        return true;
      };
      await this.lane.readdir(context, { node, handle, cookie, plus: false }, { add });
      if (page.length === 0) break;
      names.push(...page);
    }
    this.lane.releasedir(context, node, handle);
    return names.filter(name => name !== '.' && name !== '..');
  }

  /** `cat` */
  async cat(path: string): Promise<string> {
    const node = await this.node(path);
    const { handle } = await this.lane.open(context, node, 0);
    try {
      const reads: Uint8Array[] = [];
      for (let offset = 0; ; offset = Buffer.concat(reads).length) {
        const { slices } = await this.lane.read(context, { node, handle, offset, size: 4096, flags: 0 });
        if (Buffer.concat(slices).length === 0) return Buffer.concat(reads).toString();
        reads.push(...slices);
      }
    } finally {
      this.lane.release(context, node, handle);
    }
  }

  /** What a shell does for `cat content > name`: a FLUSH comes before the first WRITE. */
  drop(name: string, content: Uint8Array | string, chunkBytes = 4096): void {
    const { entry, open } = this.lane.create(context, ROOT_NODE, Buffer.from(name), OpenFlag.WRONLY);
    const bytes = Buffer.from(content);
    const at = { node: entry.node, handle: open.handle };
    try {
      this.lane.flush(context, at.node, at.handle);
      for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
        this.lane.write(context, { ...at, offset, data: bytes.subarray(offset, offset + chunkBytes) });
      }
      this.lane.flush(context, at.node, at.handle);
    } finally {
      this.lane.release(context, at.node, at.handle);
      this.lane.forget(at.node, 1);
    }
  }

  /** `echo command > .torrent-fuse/control` */
  async control(command: unknown): Promise<void> {
    const node = await this.node('.torrent-fuse/control');
    const { handle } = await this.lane.open(context, node, OpenFlag.WRONLY);
    try {
      const text = typeof command === 'string' ? command : JSON.stringify(command);
      this.lane.write(context, { node, handle, offset: 0, data: Buffer.from(text) });
    } finally {
      this.lane.release(context, node, handle);
    }
  }

  async xattr(path: string, name: string): Promise<string> {
    return Buffer.from(await this.lane.getxattr(context, await this.node(path), name)).toString();
  }

  async xattrs(path: string): Promise<readonly string[]> {
    return (await this.lane.listxattr(context, await this.node(path))) as readonly string[];
  }

  async status(): Promise<{ torrents: Record<string, unknown>[]; [key: string]: unknown }> {
    return JSON.parse(await this.cat('.torrent-fuse/status.json'));
  }

  async errors(): Promise<Record<string, unknown>[]> {
    const lines = (await this.cat('.torrent-fuse/errors')).split('\n').filter(line => line !== '');
    return lines.map(line => JSON.parse(line));
  }

  async #root(): Promise<Omit<Entry, 'node'>> {
    const reply = await this.lane.getattr(context, ROOT_NODE);
    return { ...(reply as Entry), generation: 0, entryValidSeconds: 0 };
  }
}
