import { FileType } from '../fuse/abi/flags.ts';
import type { Attributes, Entry } from '../fuse/filesystem.ts';
import { nodeIdOf, VIRTUAL_SLOT } from './node-id.ts';
import type { TorrentTree } from './torrent-tree.ts';

export interface AttributeOptions {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits that nothing has. */
  readonly umask: number;
  /** Nothing may be added to the root or removed from it. */
  readonly readOnly: boolean;
}

/**
 * How long the kernel may believe what it was told of a torrent. Its content never changes, and its entry in the root is
 * invalidated when it is removed or renamed; an hour costs nothing, and heals a notification that was lost.
 */
export const TORRENT_VALID_SECONDS = 3600;

/** The root's time of change has no notification. */
export const ROOT_VALID_SECONDS = 1;

/** Nobody counts subdirectories, and 1 tells programs so: with 2, some `find`s would look for none in a directory. */
const DIRECTORY_LINKS = 1;

/** Fills the attributes that `stat` shows, for both lanes. */
export class AttributeFiller {
  readonly #options: AttributeOptions;

  constructor(options: AttributeOptions) {
    this.#options = options;
  }

  /** @param removed no name leads there any more */
  fillTorrentNode(
    attributes: Attributes,
    tree: TorrentTree,
    { node, removed }: { node: number; removed: boolean },
  ): void {
    const size = tree.size(node);
    this.#fillOwner(attributes);
    fillInode(attributes, tree, node);
    attributes.mode = this.#masked(torrentMode(tree, node));
    attributes.size = size;
    // Fewer, and `tar -S` would take what is not fetched yet for holes.
    attributes.blocks = Math.ceil(size / 512);
    attributes.mtimeSeconds = tree.mtimeSeconds;
    attributes.linkCount = removed ? 0 : DIRECTORY_LINKS;
  }

  fillRoot(attributes: Attributes, mtimeSeconds: number): void {
    const permissions = this.#options.readOnly ? 0o555 : 0o755;
    this.fillVirtual(attributes, { node: 1, mode: FileType.DIRECTORY | permissions, size: 0, mtimeSeconds });
  }

  /** @param virtual `node` is the node's number in slot 0, and its inode number */
  fillVirtual(attributes: Attributes, virtual: VirtualAttributes): void {
    this.#fillOwner(attributes);
    attributes.inodeHigh = VIRTUAL_SLOT;
    attributes.inodeLow = virtual.node;
    attributes.mode = this.#masked(virtual.mode);
    attributes.size = virtual.size;
    attributes.blocks = Math.ceil(virtual.size / 512);
    attributes.mtimeSeconds = virtual.mtimeSeconds;
    attributes.linkCount = DIRECTORY_LINKS;
  }

  #fillOwner(attributes: Attributes): void {
    attributes.uid = this.#options.uid;
    attributes.gid = this.#options.gid;
  }

  #masked(mode: number): number {
    return mode & ~this.#options.umask;
  }
}

export interface VirtualAttributes {
  readonly node: number;
  /** File type and permissions. */
  readonly mode: number;
  readonly size: number;
  readonly mtimeSeconds: number;
}

export function emptyAttributes(): Attributes {
  return { inodeHigh: 0, inodeLow: 0, mode: 0, size: 0, blocks: 0, mtimeSeconds: 0, linkCount: 0, uid: 0, gid: 0 };
}

/** An entry to be filled again and again. */
export function emptyEntry(): Entry {
  return {
    node: nodeIdOf(VIRTUAL_SLOT, 0),
    // Slots are never used again, so no node id ever means another thing.
    generation: 0,
    entryValidSeconds: 0,
    attributes: emptyAttributes(),
    validSeconds: 0,
  };
}

function torrentMode(tree: TorrentTree, node: number): number {
  if (tree.isDirectory(node)) return FileType.DIRECTORY | 0o555;
  if (tree.isSymlink(node)) return FileType.SYMLINK | 0o777;
  return FileType.REGULAR | (tree.isExecutable(node) ? 0o555 : 0o444);
}

/**
 * 40 bits of the info hash and 24 of the node, so that it survives a remount. Two torrents that share 40 bits share inode
 * numbers; of 10,000 torrents the chance is 1 in 20,000. No number below 2²⁴ is given: those are for what is no torrent, 0
 * and 1 among them.
 */
function fillInode(attributes: Attributes, tree: TorrentTree, node: number): void {
  const high = tree.infoHashWord(0);
  const low = tree.infoHashWord(1) & 0xff00_0000;
  attributes.inodeHigh = high === 0 && low === 0 ? 1 : high;
  attributes.inodeLow = (low | node) >>> 0;
}
