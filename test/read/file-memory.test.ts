import { describe, expect, it } from 'vitest';
import { createCacheMemory } from '../../src/cache/cache-memory.ts';
import { CacheWriter } from '../../src/cache/cache-writer.ts';
import { AssemblyPool } from '../../src/read/assembly-pool.ts';
import type { BlockWaiter } from '../../src/read/block-assembly.ts';
import { FileLayout } from '../../src/read/file-layout.ts';
import { FileMemory } from '../../src/read/file-memory.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeTorrent } from '../fakes/fake-torrent.ts';
import { KiB } from './reader-rig.ts';

const BLOCK = 256 * KiB;
const torrent = new FakeTorrent({ length: 4 * BLOCK, pieceLength: BLOCK / 2 });

function setUp() {
  const clock = new FakeClock();
  const cache = new CacheWriter(createCacheMemory(8 * BLOCK));
  const layout = new FileLayout(torrent.details, 0, cache.blockBytes);
  const memoryOf = () =>
    new FileMemory({ layout, base: 1, cache, pool: new AssemblyPool(8, clock), clock, isFetching: () => false });
  return { cache, memoryOf };
}

function waiterFor(from: number, to: number): BlockWaiter & { arrivals: number } {
  return {
    from,
    to,
    read: undefined,
    arrivals: 0,
    progressed: () => undefined,
    arrived() {
      this.arrivals++;
    },
    failed: error => {
      throw error;
    },
  };
}

describe('the memory of a file', () => {
  it('lists what is missing for those who wait up to the ends of pieces, first come first', () => {
    const memory = setUp().memoryOf();
    for (const from of [3 * BLOCK + 100, BLOCK, 10]) memory.wait(waiterFor(from, from + 10));
    memory.deliver(BLOCK, torrent.payload.subarray(BLOCK, BLOCK + 4));
    expect(memory.awaited()).toEqual([
      { from: 3 * BLOCK + 100, to: 3.5 * BLOCK },
      { from: BLOCK + 4, to: 1.5 * BLOCK },
      { from: 10, to: BLOCK / 2 },
    ]);
  });

  it('serves who waits for a block that has come into the cache by another way', () => {
    const { memoryOf } = setUp();
    const [memory, other] = [memoryOf(), memoryOf()];
    const waiter = waiterFor(10, 20);
    memory.wait(waiter);
    other.deliver(0, torrent.payload.subarray(0, BLOCK));
    expect(memory.awaited()).toHaveLength(1);
    memory.deliver(0, torrent.payload.subarray(0, BLOCK));
    expect(waiter.arrivals).toBe(1);
    expect(memory.awaited()).toEqual([]);
  });
});
