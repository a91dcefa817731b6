import { EngineError, type TorrentDetails, type TorrentFile } from '../engine/index.ts';
import { insertBeforeExtension, sanitizeName } from './entry-names.ts';
import { commonLength, relativeTarget } from './symlink-target.ts';

/** Inode numbers have 24 bits for the node. */
const TORRENT_NODES_MAX = 2 ** 24;

/** A directory, file or symlink of a torrent. Its number is its place in the layout; 0 is the torrent itself. */
export interface LayoutNode {
  /** The number of its directory, always lower than its own; 0 for node 0. */
  readonly parent: number;
  /** Fit for a directory and unlike that of every sibling; empty for node 0, whose name depends on the other torrents. */
  readonly name: string;
  /** Undefined for a directory. */
  readonly file: TorrentFile | undefined;
  /** What `readlink` shows; undefined for what is no symlink. */
  readonly symlinkTarget: string | undefined;
}

/**
 * The names and the shape of a torrent: a pure function of its metadata, so it is the same on every mount.
 *
 * - Padding files and symlinks that would leave the torrent are left out (BEP 47).
 * - Directories whose names become one are one directory. A directory keeps its name.
 * - Then the files get their names in the order of the metadata: the first keeps it, one that finds it taken becomes
 *   `name [index].ext` with its index in the file list, whatever else that torrent holds.
 *
 * @throws EngineError `too-large` for more than {@link TORRENT_NODES_MAX} nodes
 */
export function layOutTorrent(details: TorrentDetails): readonly LayoutNode[] {
  const single = details.isSingleFile ? details.files[0] : undefined;
  if (single !== undefined) return [{ parent: 0, name: '', file: single, symlinkTarget: undefined }];

  const layout = new Layout();
  const leaves: Leaf[] = [];
  for (const file of details.files) {
    if (file.padding) continue;
    const directory = file.path.slice(0, -1).map(sanitizeName);
    const symlinkTarget = file.symlinkTarget && relativeTarget(directory, file.symlinkTarget);
    if (file.symlinkTarget !== undefined && symlinkTarget === undefined) continue;
    leaves.push({ parent: layout.directory(directory), file, symlinkTarget });
  }
  layout.addLeaves(leaves);
  return layout.nodes;
}

interface Leaf {
  readonly parent: number;
  readonly file: TorrentFile;
  readonly symlinkTarget: string | undefined;
}

class Layout {
  readonly nodes: LayoutNode[] = [{ parent: 0, name: '', file: undefined, symlinkTarget: undefined }];
  /** Directories by {@link keyOf}. */
  readonly #directories = new Map<string, number>();
  /** The directory asked for last and the numbers on the way to it: most files lie beside the file before them. */
  #lastPath: readonly string[] = [];
  #lastNumbers: readonly number[] = [];

  /** The number of a directory, made with all above it where it is new. */
  directory(path: readonly string[]): number {
    const numbers = this.#lastNumbers.slice(0, commonLength(path, this.#lastPath));
    for (const name of path.slice(numbers.length)) numbers.push(this.#childDirectory(numbers.at(-1) ?? 0, name));
    this.#lastPath = path;
    this.#lastNumbers = numbers;
    return numbers.at(-1) ?? 0;
  }

  #childDirectory(parent: number, name: string): number {
    const key = keyOf(parent, name);
    const known = this.#directories.get(key);
    if (known !== undefined) return known;
    const number = this.#push({ parent, name, file: undefined, symlinkTarget: undefined });
    this.#directories.set(key, number);
    return number;
  }

  /** Call once, when every directory is there. */
  addLeaves(leaves: readonly Leaf[]): void {
    const taken = new Set(this.#directories.keys());
    const own = leaves.map(({ parent, file }) => claim(taken, parent, sanitizeName(file.path.at(-1) ?? '')));
    for (const [position, leaf] of leaves.entries()) {
      const { parent, file, symlinkTarget } = leaf;
      this.#push({ parent, name: own[position] ?? claimIndexed(taken, leaf), file, symlinkTarget });
    }
  }

  #push(node: LayoutNode): number {
    if (this.nodes.length === TORRENT_NODES_MAX) {
      throw new EngineError('too-large', `the torrent has more than ${TORRENT_NODES_MAX} files and directories`);
    }
    return this.nodes.push(node) - 1;
  }
}

function claim(taken: Set<string>, parent: number, name: string): string | undefined {
  const key = keyOf(parent, name);
  if (taken.has(key)) return undefined;
  taken.add(key);
  return name;
}

/** No two files share an index, so only names that were made to be in the way cost a second attempt. */
function claimIndexed(taken: Set<string>, { parent, file }: Leaf): string {
  const name = sanitizeName(file.path.at(-1) ?? '');
  for (let attempt = 1; ; attempt += 1) {
    const mark = attempt === 1 ? `${file.index}` : `${file.index}-${attempt}`;
    const claimed = claim(taken, parent, insertBeforeExtension(name, ` [${mark}]`));
    if (claimed !== undefined) return claimed;
  }
}

/** No name holds a `/`. */
function keyOf(parent: number, name: string): string {
  return `${parent}/${name}`;
}
