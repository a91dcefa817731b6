import { describe, expect, it } from 'vitest';
import { createCacheMemory } from '../../src/cache/cache-memory.ts';
import { CacheReader } from '../../src/cache/cache-reader.ts';
import { CacheWriter } from '../../src/cache/cache-writer.ts';
import { FastReader, type FastReply } from '../../src/read/fast-reader.ts';
import { createHandleMemory, HandleReader, HandleTable } from '../../src/read/handle-table.ts';

const BLOCK = 1 << 10;
const LENGTH = 10 * BLOCK + 100;
const BASE = 5;

function setUp({ length = LENGTH, slots = 16 } = {}) {
  const cacheMemory = createCacheMemory(slots * BLOCK, BLOCK);
  const handleMemory = createHandleMemory(4);
  const writer = new CacheWriter(cacheMemory);
  const table = new HandleTable(handleMemory);
  const fast = new FastReader(new CacheReader(cacheMemory), new HandleReader(handleMemory));
  const payload = Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
  const fill = (...blocks: number[]): void => {
    for (const block of blocks) {
      writer.put(BASE + block, payload.subarray(block * BLOCK, Math.min(length, (block + 1) * BLOCK)), false);
    }
  };
  return { writer, table, fast, payload, fill, handle: table.open(BASE, length) };
}

function bytesOf(reply: FastReply | undefined): Uint8Array | undefined {
  return reply && new Uint8Array(Buffer.concat(reply.slices));
}

describe('the fast reader', () => {
  it('answers from the blocks of the range, and unpins them on release', () => {
    const { fast, payload, fill, handle, writer } = setUp();
    fill(0, 1, 2);
    const reply = fast.read(handle, 1000, 1100);
    expect(reply?.slices).toHaveLength(3);
    expect(bytesOf(reply)).toEqual(payload.slice(1000, 2100));
    reply?.release();
    writer.checkInvariants();
  });

  it('declines, with nothing pinned, when one block is missing', () => {
    const { fast, fill, handle, writer } = setUp();
    fill(0, 2);
    expect(fast.read(handle, 1000, 1100)).toBeUndefined();
    writer.checkInvariants();
    expect(writer.statistics()).toMatchObject({ fastHits: 0, fastMisses: 1 });
  });

  it('cuts at the end of the file, and gives nothing beyond it', () => {
    const { fast, payload, fill, handle } = setUp();
    fill(10);
    expect(bytesOf(fast.read(handle, LENGTH - 10, 4096))).toEqual(payload.slice(LENGTH - 10));
    expect(bytesOf(fast.read(handle, LENGTH, 4096))).toEqual(new Uint8Array(0));
    expect(bytesOf(fast.read(handle, LENGTH + 1e12, 4096))).toEqual(new Uint8Array(0));
  });

  it('declines for a closed handle and for a file without a base', () => {
    const { fast, table, fill, handle } = setUp();
    fill(0);
    const uncached = table.open(0, LENGTH);
    expect(fast.read(uncached, 0, 10)).toBeUndefined();
    table.close(handle);
    expect(fast.read(handle, 0, 10)).toBeUndefined();
  });

  it('tells of the first read, then only of marks and jumps', () => {
    const length = 8 << 20;
    const { fast, fill, handle, table } = setUp({ length, slots: length / BLOCK });
    fill(...Array.from({ length: length / BLOCK }, (_, block) => block));
    const touched = (offset: number): boolean | undefined => {
      const reply = fast.read(handle, offset, 128 << 10);
      if (reply?.touched) expect(table.takeTold(handle)).toEqual({ offset, length: 128 << 10 });
      return reply?.touched;
    };
    expect(touched(0)).toBe(true);
    expect(touched(128 << 10)).toBe(false);
    expect(touched(384 << 10), 'out of order').toBe(false);
    expect(touched(256 << 10), 'out of order').toBe(false);
    expect(touched(5 << 20), 'a jump').toBe(true);
    expect(touched((5 << 20) + (128 << 10))).toBe(false);
    expect(touched(0), 'a jump back').toBe(true);
  });

  it('sends no message while another is on its way, which then tells of the last read', () => {
    const length = 8 << 20;
    const { fast, fill, handle, table } = setUp({ length, slots: length / BLOCK });
    fill(...Array.from({ length: length / BLOCK }, (_, block) => block));
    const sent = [0, 5, 2, 7, 4].map(at => fast.read(handle, at << 20, BLOCK)?.touched);
    expect(sent).toEqual([true, false, false, false, false]);
    expect(table.takeTold(handle)).toEqual({ offset: 4 << 20, length: BLOCK });
    expect(fast.read(handle, 0, BLOCK)?.touched).toBe(true);
    table.close(handle);
    expect(table.takeTold(handle)).toBeUndefined();
    const next = table.open(BASE, length);
    expect(fast.read(next, 0, BLOCK)?.touched, 'the first read of a handle in the same place').toBe(true);
  });

  it('leaves nothing pinned when a reply was never released', () => {
    const { fast, fill, handle, writer } = setUp();
    fill(0, 1);
    fast.read(handle, 0, 2 * BLOCK);
    fast.read(handle, 0, 10)?.release();
    writer.checkInvariants();
  });
});
