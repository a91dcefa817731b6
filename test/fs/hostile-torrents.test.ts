import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMetainfo } from '../../src/engine/metainfo.ts';
import type { TorrentTree } from '../../src/fs/torrent-tree.ts';
import { buildTorrentTree } from '../../src/fs/torrent-tree-builder.ts';
import { DEEPEST, hostileTorrents } from '../fixtures/hostile-torrents.ts';
import { makeTorrent } from '../fixtures/make-torrent.ts';
import { isFitName } from './hostile-names.ts';

const treeOf = (bytes: Uint8Array) => buildTorrentTree(parseMetainfo(bytes), 0);

describe('a hostile .torrent', () => {
  const taken = hostileTorrents.filter(({ refusal }) => refusal === undefined);
  const refused = hostileTorrents.filter(({ refusal }) => refusal !== undefined);

  it.each(taken)('with $title stays within its directory, under names that are fit and unique', ({ bytes }) => {
    const tree = treeOf(bytes);
    expectSound(tree);
    expect(tree.nodeCount).toBeGreaterThan(0);
  });

  it.each(refused)('with $title is refused with $refusal', ({ bytes, refusal }) => {
    const code = refusal === 'EFBIG' ? 'too-large' : 'bad-source';
    expect(() => parseMetainfo(bytes)).toThrow(expect.objectContaining({ code }));
  });

  it('nests 300 levels deep', () => {
    const tree = treeOf(hostileTorrents.find(({ title }) => title === '300 levels')?.bytes ?? new Uint8Array());
    const depths = Array.from({ length: tree.nodeCount }, (_, node) => tree.path(node).length);
    expect(Math.max(...depths)).toBe(DEEPEST);
  });

  it('of random bytes for names stays within its directory', () => {
    const name = fc.uint8Array({ maxLength: 300 });
    const path = fc.array(name, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(name, fc.array(path, { minLength: 1, maxLength: 20 }), (torrentName, paths) => {
        const files = paths.map(each => ({ path: each, content: 'x' }));
        expectSound(treeOf(makeTorrent({ name: torrentName, files }).bytes));
      }),
    );
  });
});

/** Every name is fit and unlike its siblings, is found by itself, and no symlink leaves the torrent. */
function expectSound(tree: TorrentTree): void {
  const seen = new Set<string>();
  for (let node = 1; node < tree.nodeCount; node += 1) {
    expect(isFitName(tree.name(node))).toBe(true);
    seen.add(`${tree.parent(node)}/${tree.nameText(node)}`);
    expect(tree.lookup(tree.parent(node), tree.name(node))).toBe(node);
    if (tree.isSymlink(node)) expectInside(tree.path(node).slice(0, -1), Buffer.from(tree.symlinkTarget(node)));
  }
  expect(seen.size).toBe(tree.nodeCount - 1);
}

function expectInside(directory: readonly string[], target: Uint8Array): void {
  const at = [...directory];
  expect(target[0]).not.toBe('/'.charCodeAt(0));
  for (const component of Buffer.from(target).toString().split('/')) {
    if (component === '..') expect(at.pop()).toBeDefined();
    else if (component !== '.') at.push(component);
  }
}
