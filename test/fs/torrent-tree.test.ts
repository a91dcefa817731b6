import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TorrentDetails } from '../../src/engine/index.ts';
import { layOutTorrent } from '../../src/fs/torrent-layout.ts';
import { TorrentTree } from '../../src/fs/torrent-tree.ts';
import { buildTorrentTree } from '../../src/fs/torrent-tree-builder.ts';
import { detailsOfFiles, detailsOfSingleFile, type FileSketch, infoHashOfSeed } from '../fixtures/torrent-details.ts';
import { hostileName, isFitName } from './hostile-names.ts';

const addedAtSeconds = 1_700_000_000;

function nodeAt(tree: TorrentTree, path: string): number {
  const node = tree.resolve(path === '' ? [] : path.split('/'));
  if (node === undefined) throw new Error(`no ${path}`);
  return node;
}

describe('a torrent tree', () => {
  const tree = buildTorrentTree(
    detailsOfFiles([
      { path: 'dir/Ünïcödé 語.bin', length: 5 * 2 ** 30 + 7 },
      { path: 'dir/empty', length: 0 },
      { path: '.pad/1', padding: true },
      { path: 'run.sh', executable: true },
      { path: 'dir/sub/link', symlinkTarget: ['run.sh'], length: 0 },
    ]),
    addedAtSeconds,
  );

  it('finds names by their bytes', () => {
    expect(tree.nodeCount).toBe(7);
    expect(tree.path(nodeAt(tree, 'dir/Ünïcödé 語.bin'))).toEqual(['dir', 'Ünïcödé 語.bin']);
    expect(tree.resolve(['dir', 'empty', 'nothing below a file'])).toBeUndefined();
    expect(tree.resolve(['gone', 'away'])).toBeUndefined();
    expect(tree.lookup(0, Buffer.from('empty'))).toBeUndefined();
    expect(tree.lookup(0, Buffer.from(''))).toBeUndefined();
  });

  it('knows what each node is', () => {
    expect(tree.isDirectory(0)).toBe(true);
    expect(tree.isDirectory(nodeAt(tree, 'dir/sub'))).toBe(true);
    expect(tree.isDirectory(nodeAt(tree, 'run.sh'))).toBe(false);
    expect(tree.isExecutable(nodeAt(tree, 'run.sh'))).toBe(true);
    expect(tree.isExecutable(nodeAt(tree, 'dir/empty'))).toBe(false);
    expect(tree.isSymlink(nodeAt(tree, 'dir/sub/link'))).toBe(true);
  });

  it('keeps sizes over 4 GiB and of nothing', () => {
    expect(tree.size(nodeAt(tree, 'dir/Ünïcödé 語.bin'))).toBe(5 * 2 ** 30 + 7);
    expect(tree.size(nodeAt(tree, 'dir/empty'))).toBe(0);
    expect(tree.size(0)).toBe(0);
  });

  it('keeps the index that the metadata gives a file', () => {
    expect(tree.fileIndex(nodeAt(tree, 'run.sh'))).toBe(3);
    expect(tree.fileIndex(nodeAt(tree, 'dir'))).toBeUndefined();
  });

  it('shows a symlink from where it lies', () => {
    const node = nodeAt(tree, 'dir/sub/link');
    expect(Buffer.from(tree.symlinkTarget(node)).toString()).toBe('../../run.sh');
    expect(tree.size(node)).toBe('../../run.sh'.length);
  });

  it('numbers the children of a directory side by side', () => {
    const dir = nodeAt(tree, 'dir');
    const children = Array.from({ length: tree.childCount(dir) }, (_, at) => tree.nameText(tree.firstChild(dir) + at));
    expect(children).toEqual(['sub', 'Ünïcödé 語.bin', 'empty']);
    expect(tree.parent(tree.firstChild(dir))).toBe(dir);
  });

  it('is the file itself for a single-file torrent', () => {
    const single = buildTorrentTree(detailsOfSingleFile({ length: 2 ** 33 }), addedAtSeconds);
    expect(single.nodeCount).toBe(1);
    expect(single.isDirectory(0)).toBe(false);
    expect(single.size(0)).toBe(2 ** 33);
    expect(single.fileIndex(0)).toBe(0);
    expect(single.lookup(0, Buffer.from('single.bin'))).toBeUndefined();
  });

  it('has the creation date of the torrent, else the time when it was added', () => {
    expect(tree.mtimeSeconds).toBe(addedAtSeconds);
    const late = detailsOfFiles([], { createdAtSeconds: 2 ** 33 });
    expect(buildTorrentTree(late, addedAtSeconds).mtimeSeconds).toBe(2 ** 33);
  });

  it('carries the info hash', () => {
    const infoHash = infoHashOfSeed('hash');
    const words = buildTorrentTree(detailsOfFiles([], { infoHash }), addedAtSeconds);
    const hex = [0, 1, 2, 3, 4].map(part => words.infoHashWord(part).toString(16).padStart(8, '0'));
    expect(hex.join('')).toBe(infoHash);
  });

  it('says what a layout says, on any thread, for any names', () => {
    fc.assert(
      fc.property(fc.array(hostileFile, { maxLength: 40 }), files => {
        const details = detailsOfFiles(files);
        const built = buildTorrentTree(details, addedAtSeconds);
        expectSameAsLayout(new TorrentTree(structuredClone(built.buffer)), details);
      }),
    );
  });

  it('holds 50,000 files of one directory', () => {
    const files = Array.from({ length: 50_000 }, (_, index) => ({ path: `all/file ${index}` }));
    const big = buildTorrentTree(detailsOfFiles(files), addedAtSeconds);
    expect(big.childCount(nodeAt(big, 'all'))).toBe(50_000);
    for (const index of [0, 1, 777, 49_999]) expect(big.fileIndex(nodeAt(big, `all/file ${index}`))).toBe(index);
    expect(big.buffer.byteLength).toBeLessThan(50_000 * 100);
  });
});

const hostileFile: fc.Arbitrary<FileSketch> = fc.record({
  path: fc.array(hostileName, { minLength: 1, maxLength: 4 }),
  length: fc.maxSafeNat(),
  padding: fc.nat(9).map(dice => dice === 0),
  executable: fc.boolean(),
  symlinkTarget: fc.option(fc.array(hostileName, { maxLength: 4 }), { nil: undefined, freq: 4 }),
});

/** The layout is the naive model: a list of objects with strings. */
function expectSameAsLayout(tree: TorrentTree, details: TorrentDetails): void {
  const layout = layOutTorrent(details);
  expect(tree.nodeCount).toBe(layout.length);
  const pathOf = (place: number): string[] => {
    const { parent, name } = layout[place] ?? { parent: 0, name: '' };
    return place === 0 ? [] : [...pathOf(parent), name];
  };
  const seen = new Set<number>();
  for (const [place, { file, symlinkTarget }] of layout.entries()) {
    const node = tree.resolve(pathOf(place)) ?? -1;
    seen.add(node);
    expect(tree.path(node)).toEqual(pathOf(place));
    expect(node === 0 || isFitName(tree.name(node))).toBe(true);
    expect(tree.isDirectory(node)).toBe(file === undefined);
    expect(tree.fileIndex(node)).toBe(file?.index);
    expect(tree.isSymlink(node)).toBe(symlinkTarget !== undefined);
    if (symlinkTarget === undefined) expect(tree.size(node)).toBe(file?.length ?? 0);
    else expect(Buffer.from(tree.symlinkTarget(node)).toString()).toBe(symlinkTarget);
  }
  expect(seen.size).toBe(layout.length);
}
