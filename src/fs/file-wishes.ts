import type { PlacedSettings } from '../catalog/path-settings.ts';
import type { FileIndexRange, FileWishes, TorrentFile } from '../engine/index.ts';
import { priorities } from './read-policy.ts';
import type { TorrentTree } from './torrent-tree.ts';

/**
 * What the pins and priorities of a torrent's paths mean for its files: for each the nearest of its path and its ancestors
 * counts. Pinned files of a higher priority come first. Padding goes with the file before it.
 *
 * @param placed what was said of paths of the torrent; of those that are not there, nothing is heeded
 */
export function fileWishesOf(
  tree: TorrentTree,
  files: readonly Pick<TorrentFile, 'padding'>[],
  placed: Iterable<PlacedSettings>,
): FileWishes {
  const said = wishesOfFiles(tree, placed);
  const wishes = files.map((_, index) => said.get(index));
  for (const [index, { padding }] of files.entries()) if (padding) wishes[index] = wishes[index - 1];
  const runs = (isIn: (wish: Wish) => boolean) => runsOf(wishes.map(wish => wish !== undefined && isIn(wish)));
  return {
    wanted: priorities.flatMap(priority => runs(wish => wish.pin === true && wish.priority === priority)),
    unwanted: runs(wish => wish.pin === false),
  };
}

interface Wish {
  readonly pin: boolean | undefined;
  readonly priority: (typeof priorities)[number];
}

/** By file index. */
function wishesOfFiles(tree: TorrentTree, placed: Iterable<PlacedSettings>): ReadonlyMap<number, Wish> {
  const own = new Map<number, PlacedSettings['settings']>();
  for (const { path, settings } of placed) {
    const node = tree.resolve(path);
    if (node !== undefined) own.set(node, { ...own.get(node), ...settings });
  }
  const wishes: Wish[] = [];
  const ofFiles = new Map<number, Wish>();
  // A directory comes before what is in it.
  for (let node = 0; node < tree.nodeCount; node += 1) {
    const above = wishes[node === 0 ? -1 : tree.parent(node)] ?? { pin: undefined, priority: 'normal' };
    const here = own.get(node);
    const wish = here === undefined ? above : { pin: here.pin ?? above.pin, priority: here.priority ?? above.priority };
    wishes.push(wish);
    const fileIndex = tree.fileIndex(node);
    if (fileIndex !== undefined) ofFiles.set(fileIndex, wish);
  }
  return ofFiles;
}

function runsOf(isIn: readonly boolean[]): FileIndexRange[] {
  const runs: FileIndexRange[] = [];
  for (let first = isIn.indexOf(true); first >= 0; ) {
    const end = isIn.indexOf(false, first);
    const endExclusive = end < 0 ? isIn.length : end;
    runs.push({ first, endExclusive });
    first = isIn.indexOf(true, endExclusive);
  }
  return runs;
}
