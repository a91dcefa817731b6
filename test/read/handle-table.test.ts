import { describe, expect, it } from 'vitest';
import { createHandleMemory, HandleReader, HandleTable, MARK_BYTES } from '../../src/read/handle-table.ts';

function tableOf(capacity: number) {
  const memory = createHandleMemory(capacity);
  return { table: new HandleTable(memory), reader: new HandleReader(memory) };
}

describe('the handle table', () => {
  it('shows the fuse thread what the main thread opened', () => {
    const { table, reader } = tableOf(4);
    const handle = table.open(2 ** 32 - 1, 5 * 2 ** 40);
    const slot = reader.slotOf(handle);
    expect(reader.base(slot)).toBe(2 ** 32 - 1);
    expect(reader.length(slot)).toBe(5 * 2 ** 40);
    expect(reader.position(slot)).toBe(0);
  });

  it('refuses the number of a closed handle, also when its slot is used again', () => {
    const { table, reader } = tableOf(1);
    const first = table.open(1, 10);
    table.close(first);
    expect(reader.slotOf(first)).toBe(-1);
    const second = table.open(2, 20);
    expect(second).not.toBe(first);
    expect(reader.slotOf(first)).toBe(-1);
    table.close(first);
    expect(reader.slotOf(second)).not.toBe(-1);
    expect(table.openCount).toBe(1);
  });

  it('refuses numbers that were never handles', () => {
    const { reader } = tableOf(4);
    for (const handle of [0, 1, 3, 4, 5, 2 ** 40]) expect(reader.slotOf(handle)).toBe(-1);
  });

  it('is full at its capacity, and takes another after a close', () => {
    const { table, reader } = tableOf(2);
    const first = table.open(1, 10);
    table.open(2, 10);
    expect(() => table.open(3, 10)).toThrow(expect.objectContaining({ code: 'too-many-handles' }));
    table.close(first);
    expect(reader.slotOf(table.open(3, 10))).not.toBe(-1);
  });

  it('tells of the first read, and then once for each mark', () => {
    const { table, reader } = tableOf(4);
    const handle = table.open(1, 2 ** 40);
    const slot = reader.slotOf(handle);
    expect(reader.reachedMark(slot, 1)).toBe(true);
    expect(reader.reachedMark(slot, 2 ** 39)).toBe(false);
    table.setMark(handle, 3 * MARK_BYTES);
    expect(reader.reachedMark(slot, 3 * MARK_BYTES - 1)).toBe(false);
    expect(reader.reachedMark(slot, 3 * MARK_BYTES)).toBe(true);
    expect(reader.reachedMark(slot, 3 * MARK_BYTES)).toBe(false);
  });
});
