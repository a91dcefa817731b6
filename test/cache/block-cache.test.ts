import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCacheMemory } from '../../src/cache/cache-memory.ts';
import { CacheReader } from '../../src/cache/cache-reader.ts';
import { CacheWriter } from '../../src/cache/cache-writer.ts';

const BLOCK = 64;

function cacheOf(slots: number) {
  const memory = createCacheMemory(slots * BLOCK, BLOCK);
  return { writer: new CacheWriter(memory), reader: new CacheReader(memory) };
}

function blockOf(key: number): Uint8Array {
  return new Uint8Array(BLOCK).fill(key & 0xff);
}

describe('the block cache', () => {
  it('hands the reader the bytes that the writer put in', () => {
    const { writer, reader } = cacheOf(4);
    writer.put(7, blockOf(7), false);
    const slot = reader.pin(7);
    expect(reader.slice(slot, 8, 16)).toEqual(blockOf(7).subarray(8, 16));
    reader.unpin(slot);
    expect(reader.pin(8)).toBe(-1);
    writer.checkInvariants();
  });

  it('takes keys of all 32 bits', () => {
    const { writer, reader } = cacheOf(4);
    for (const key of [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      writer.put(key, blockOf(key), false);
      const slot = reader.pin(key);
      expect(reader.slice(slot, 0, BLOCK)).toEqual(blockOf(key));
      reader.unpin(slot);
      expect(writer.has(key)).toBe(true);
    }
  });

  it('spares a pinned block and evicts another', () => {
    const { writer, reader } = cacheOf(2);
    writer.put(1, blockOf(1), false);
    writer.put(2, blockOf(2), false);
    const slot = reader.pin(1);
    for (let key = 3; key < 20; key++) writer.put(key, blockOf(key), false);
    expect(reader.slice(slot, 0, BLOCK)).toEqual(blockOf(1));
    reader.unpin(slot);
    expect(writer.statistics().pinnedVictims).toBeGreaterThan(0);
    writer.checkInvariants();
  });

  it('refuses a block when all slots are pinned, and takes it when one is free again', () => {
    const { writer, reader } = cacheOf(1);
    writer.put(1, blockOf(1), false);
    const slot = reader.pin(1);
    expect(writer.put(2, blockOf(2), false)).toBe(false);
    expect(writer.get(1)).toEqual(blockOf(1));
    reader.unpin(slot);
    expect(writer.put(2, blockOf(2), false)).toBe(true);
    expect(reader.pin(1)).toBe(-1);
    expect(writer.statistics()).toMatchObject({ refused: 1, evicted: 1 });
  });

  it('keeps what is read again and again while a long scan goes by', () => {
    const { writer } = cacheOf(8);
    writer.put(1, blockOf(1), false);
    for (let key = 2; key < 100; key++) {
      expect(writer.get(1)).toEqual(blockOf(1));
      writer.put(key, blockOf(key), false);
    }
  });

  it('counts read-ahead that nobody read before it was evicted', () => {
    const { writer } = cacheOf(2);
    writer.put(1, blockOf(1), true);
    writer.put(2, blockOf(2), true);
    writer.get(1);
    writer.put(3, blockOf(3), false);
    expect(writer.statistics()).toMatchObject({ aheadInserted: 2, aheadWasted: 1, aheadUsedHere: 1 });
  });

  it('of no size refuses everything', () => {
    const { writer, reader } = cacheOf(0);
    expect(writer.put(1, blockOf(1), false)).toBe(false);
    expect(writer.get(1)).toBeUndefined();
    expect(reader.pin(1)).toBe(-1);
    writer.checkInvariants();
  });

  it('behaves like a bounded map from key to bytes, whatever is done to it', () => {
    const step = fc.record({
      kind: fc.constantFrom('put', 'get', 'pin', 'unpin'),
      key: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 16 }), fc.array(step, { maxLength: 300 }), (slots, steps) => {
        const { writer, reader } = cacheOf(slots);
        const pinned: { slot: number; key: number }[] = [];
        for (const { kind, key } of steps) {
          if (kind === 'put') {
            if (writer.put(key, blockOf(key), false)) expect(writer.get(key)).toEqual(blockOf(key));
            else expect(pinned.length).toBeGreaterThanOrEqual(slots);
          }
          if (kind === 'get' && writer.has(key)) expect(writer.get(key)).toEqual(blockOf(key));
          if (kind === 'pin') {
            const slot = reader.pin(key);
            if (slot >= 0) pinned.push({ slot, key });
          }
          if (kind === 'unpin') {
            const pin = pinned.pop();
            if (pin) reader.unpin(pin.slot);
          }
          for (const pin of pinned) expect(reader.slice(pin.slot, 0, BLOCK)).toEqual(blockOf(pin.key));
        }
        for (const { slot } of pinned) reader.unpin(slot);
        writer.checkInvariants();
      }),
      { numRuns: 300 },
    );
  });

  it('finds almost every block through the index alone', () => {
    const { writer, reader } = cacheOf(4096);
    for (let key = 1000; key < 1000 + 4096; key++) writer.put(key, blockOf(key), false);
    let found = 0;
    for (let key = 1000; key < 1000 + 4096; key++) {
      const slot = reader.pin(key);
      if (slot < 0) continue;
      found++;
      reader.unpin(slot);
    }
    expect(found).toBeGreaterThan(4050);
  });

  it('lies in several segments when it is larger than one', () => {
    const memory = createCacheMemory(5 * 2 ** 30);
    expect(memory.segments).toHaveLength(5);
    const writer = new CacheWriter(memory);
    const reader = new CacheReader(memory);
    // The clock's hand starts at slot 0: fill the last slot by hand.
    const last = reader.slice(memory.slotCount - 1, 0, 4);
    last.set([1, 2, 3, 4]);
    expect(reader.slice(memory.slotCount - 1, 0, 4)).toEqual(new Uint8Array([1, 2, 3, 4]));
    expect(writer.capacityBytes).toBe(5 * 2 ** 30);
  });
});
