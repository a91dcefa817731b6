import { describe, expect, it } from 'vitest';
import { RootTable } from '../../src/fs/root-table.ts';
import { buildTorrentTree } from '../../src/fs/torrent-tree-builder.ts';
import { detailsOfFiles } from '../fixtures/torrent-details.ts';

const tree = buildTorrentTree(detailsOfFiles([{ path: 'a' }]), 0);
const bytes = (name: string) => Buffer.from(name);

function tableOf(...names: readonly string[]): RootTable {
  const table = new RootTable();
  for (const [index, name] of names.entries()) table.put(index + 1, bytes(name), tree);
  return table;
}

function listing(table: RootTable, afterSlot = 0): string[] {
  const names: string[] = [];
  for (let index = table.firstAfter(afterSlot); ; index += 1) {
    const entry = table.at(index);
    if (entry === undefined) return names;
    names.push(Buffer.from(entry.name).toString());
  }
}

describe('the root table', () => {
  it('finds torrents by name and by slot', () => {
    const table = tableOf('one', 'two');
    expect(table.lookup(bytes('two'))).toBe(table.get(2));
    expect(table.lookup(bytes('tw'))).toBeUndefined();
    expect(table.get(3)).toBeUndefined();
  });

  it('lists by slot, from any slot on, whatever comes and goes', () => {
    const table = tableOf('one', 'two', 'three');
    table.remove(2);
    table.put(4, bytes('four'), tree);
    expect(listing(table)).toEqual(['one', 'three', 'four']);
    expect(listing(table, 1)).toEqual(['three', 'four']);
    expect(listing(table, 2)).toEqual(['three', 'four']);
    expect(listing(table, 4)).toEqual([]);
  });

  it('keeps the place of a torrent that is renamed', () => {
    const table = tableOf('one', 'two', 'three');
    table.put(2, bytes('another'), tree);
    expect(listing(table)).toEqual(['one', 'another', 'three']);
    expect(table.lookup(bytes('two'))).toBeUndefined();
    expect(table.lookup(bytes('another'))?.slot).toBe(2);
  });

  it('gives the name of one to another in any order', () => {
    const table = tableOf('one', 'two');
    table.put(2, bytes('one'), tree);
    table.remove(1);
    expect(table.lookup(bytes('one'))?.slot).toBe(2);
  });

  it('keeps a removed torrent until the kernel has forgotten every node of it', () => {
    const table = tableOf('one');
    table.addLookups(1, 3);
    table.remove(1);
    expect(table.lookup(bytes('one'))).toBeUndefined();
    expect(table.get(1)?.removed).toBe(true);
    table.addLookups(1, -2);
    expect(table.get(1)).toBeDefined();
    table.addLookups(1, -1);
    expect(table.get(1)).toBeUndefined();
  });

  it('drops a removed torrent that the kernel does not know at once', () => {
    const table = tableOf('one');
    table.addLookups(1, 1);
    table.addLookups(1, -1);
    expect(table.get(1)).toBeDefined();
    table.remove(1);
    expect(table.get(1)).toBeUndefined();
  });

  it('knows the names that lead elsewhere', () => {
    const table = tableOf('one');
    table.virtualNames = [bytes('x.magnet')];
    expect(table.isVirtualName(bytes('x.magnet'))).toBe(true);
    expect(table.isVirtualName(bytes('x.magne'))).toBe(false);
  });
});
