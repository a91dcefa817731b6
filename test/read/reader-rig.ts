import { createCacheMemory } from '../../src/cache/cache-memory.ts';
import { CacheReader } from '../../src/cache/cache-reader.ts';
import { CacheWriter } from '../../src/cache/cache-writer.ts';
import { createReader, type ReaderComponents, type ReaderOptions } from '../../src/read/create-reader.ts';
import { FastReader } from '../../src/read/fast-reader.ts';
import { createHandleMemory, HandleReader, HandleTable } from '../../src/read/handle-table.ts';
import type { ReadPolicy } from '../../src/read/reader.ts';
import type { TorrentReader } from '../../src/read/torrent-reader.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import type { FakeTorrent, FakeTorrentOptions } from '../fakes/fake-torrent.ts';

export const KiB = 1 << 10;
export const MiB = 1 << 20;
export const waitPolicy: ReadPolicy = { whenMissing: 'wait', timeoutMs: 30_000 };
export const never = new AbortController().signal;

/** A reader over a fake engine, with a clock that stands still, and the two lanes of the mount in front of it. */
export class ReaderRig {
  readonly engine = new FakeEngine();
  readonly clock = new FakeClock();
  readonly cache: CacheWriter;
  readonly reader: TorrentReader;
  readonly fast: FastReader;

  constructor(
    options: Partial<ReaderOptions> & { readonly cacheBytes?: number } & Pick<ReaderComponents, 'verified'> = {},
  ) {
    const { cacheBytes = 64 * MiB, verified, ...readerOptions } = options;
    const cacheMemory = createCacheMemory(cacheBytes);
    const handleMemory = createHandleMemory(64);
    this.cache = new CacheWriter(cacheMemory);
    this.fast = new FastReader(new CacheReader(cacheMemory), new HandleReader(handleMemory));
    this.reader = createReader(
      {
        engine: this.engine,
        cache: this.cache,
        handles: new HandleTable(handleMemory),
        clock: this.clock,
        ...(verified && { verified }),
      },
      { readAheadBytes: 32 * MiB, ...readerOptions },
    );
  }

  open(torrent: FakeTorrent, { fileIndex = 0, policy = waitPolicy } = {}): number {
    return this.reader.open({ infoHash: torrent.infoHash, fileIndex, details: torrent.details }, policy);
  }

  /** A torrent and a handle on its first file. */
  openNew(options: FakeTorrentOptions): { torrent: FakeTorrent; handle: number } {
    const torrent = this.engine.addTorrent(options);
    return { torrent, handle: this.open(torrent) };
  }

  /** As the mount does it: from the fast lane if it can, else from the slow one. */
  async read(
    handle: number,
    offset: number,
    length: number,
    signal?: AbortSignal,
    nonBlocking = false,
  ): Promise<Buffer> {
    const reply = this.fast.read(handle, offset, length);
    if (reply === undefined) {
      const options = { signal: signal ?? new AbortController().signal, nonBlocking };
      const slices = await this.reader.read(handle, { offset, length }, options);
      const bytes = Buffer.concat(slices);
      // Whoever still counted on the memory would be given these.
      for (const slice of slices) slice.fill(0xaa);
      this.reader.recycle(slices);
      return bytes;
    }
    try {
      if (reply.touched) this.reader.touched(handle);
      return Buffer.concat(reply.slices);
    } finally {
      reply.release();
    }
  }

  /** Lets everything happen that does not need time to pass. */
  async settle(turns = 20): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve));
  }

  /** Until the condition holds; the test's own time limit ends a hopeless wait. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise(resolve => setImmediate(resolve));
  }
}
