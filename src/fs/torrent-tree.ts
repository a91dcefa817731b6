import { hashName } from './name-hash.ts';

/**
 * The layout of a torrent in one immutable SharedArrayBuffer, made by `torrent-tree-builder.ts` and read on any thread.
 *
 *     header     HEADER_WORDS u32                     see HEADER
 *     nodes      NODE_WORDS u32 a node                see NODE; node 0 first, the children of a directory side by side
 *     table      a power of two of u32                open addressing: a node's number, 0 for none (node 0 is nobody's child)
 *     texts      bytes                                names and symlink targets, UTF-8
 *
 * Records rather than columns: a lookup touches one cache line of a node, and a torrent costs two views a thread.
 */
export const HEADER_WORDS = 16;
export const HEADER = {
  nodeCount: 0,
  tableWords: 1,
  /** Five words, the first digits in the first. */
  infoHash: 2,
  /** Seconds since 1970, see {@link TorrentTree.mtimeSeconds}. */
  mtimeLow: 7,
  mtimeHigh: 8,
} as const;

export const NODE_WORDS = 8;
export const NODE = {
  parent: 0,
  nameOffset: 1,
  /** Bytes of the name in the low half, FLAG bits in the high one. */
  nameLengthAndFlags: 2,
  /** For a file and a symlink, in the torrent's list; NO_FILE for a directory. */
  fileIndex: 3,
  /** A directory's first child, or where in the texts a symlink's target begins. */
  first: 4,
  /** How many children a directory has. */
  childCount: 5,
  sizeLow: 6,
  sizeHigh: 7,
} as const;

export const FLAG = { directory: 1 << 16, symlink: 1 << 17, executable: 1 << 18 } as const;
export const NO_FILE = 0xffff_ffff;
const NAME_LENGTH_MASK = 0xffff;

/** The number of the torrent's own entry: its directory, or the file of a single-file torrent. */
export const TREE_ROOT = 0;

/** What is in a torrent. Node numbers that it did not give out itself are a fault of the caller. */
export class TorrentTree {
  /** What to post to another thread, which makes a `TorrentTree` of it again. */
  readonly buffer: SharedArrayBuffer;
  readonly nodeCount: number;
  /** The creation date that the torrent gives, else when it was added. */
  readonly mtimeSeconds: number;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #tableStart: number;
  readonly #tableMask: number;
  readonly #textStart: number;
  readonly #seed: number;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
    this.#bytes = new Uint8Array(buffer);
    this.nodeCount = this.#word(HEADER.nodeCount);
    this.mtimeSeconds = this.#word(HEADER.mtimeHigh) * 2 ** 32 + this.#word(HEADER.mtimeLow);
    const tableWords = this.#word(HEADER.tableWords);
    this.#tableStart = HEADER_WORDS + this.nodeCount * NODE_WORDS;
    this.#tableMask = tableWords - 1;
    this.#textStart = (this.#tableStart + tableWords) * 4;
    this.#seed = this.#word(HEADER.infoHash);
  }

  /** Eight digits of the info hash, as a number; `part` 0 to 4. */
  infoHashWord(part: number): number {
    return this.#word(HEADER.infoHash + part);
  }

  /** The child of a directory, by the bytes of its name. Decodes nothing, allocates nothing. */
  lookup(directory: number, name: Uint8Array): number | undefined {
    const mask = this.#tableMask;
    for (let at = hashName(this.#seed + directory, name, 0, name.length) & mask; ; at = (at + 1) & mask) {
      const node = this.#word(this.#tableStart + at);
      if (node === 0) return undefined;
      if (this.parent(node) === directory && this.#hasName(node, name)) return node;
    }
  }

  /** Follows names from the torrent's own entry down. */
  resolve(path: readonly string[]): number | undefined {
    let node: number | undefined = TREE_ROOT;
    for (const name of path) {
      if (node === undefined) return undefined;
      node = this.lookup(node, Buffer.from(name));
    }
    return node;
  }

  /** The names from the torrent's own entry down to `node`. */
  path(node: number): string[] {
    const path: string[] = [];
    for (let at = node; at !== TREE_ROOT; at = this.parent(at)) path.push(this.nameText(at));
    return path.reverse();
  }

  isDirectory(node: number): boolean {
    return this.#hasFlag(node, FLAG.directory);
  }

  isSymlink(node: number): boolean {
    return this.#hasFlag(node, FLAG.symlink);
  }

  isExecutable(node: number): boolean {
    return this.#hasFlag(node, FLAG.executable);
  }

  parent(node: number): number {
    return this.#field(node, NODE.parent);
  }

  /** The children of a directory are the nodes from here on, {@link childCount} of them. */
  firstChild(directory: number): number {
    return this.#field(directory, NODE.first);
  }

  childCount(directory: number): number {
    return this.#field(directory, NODE.childCount);
  }

  /** UTF-8, shared memory; empty for the torrent's own entry, whose name is in the root table. */
  name(node: number): Uint8Array {
    return this.#text(this.#field(node, NODE.nameOffset), this.#nameLength(node));
  }

  nameText(node: number): string {
    return decode(this.name(node));
  }

  /** Bytes: of a file's content, of a symlink's target, 0 for a directory. */
  size(node: number): number {
    return this.#field(node, NODE.sizeHigh) * 2 ** 32 + this.#field(node, NODE.sizeLow);
  }

  /** Where the file is in the torrent's list; undefined for a directory. */
  fileIndex(node: number): number | undefined {
    const index = this.#field(node, NODE.fileIndex);
    return index === NO_FILE ? undefined : index;
  }

  /** UTF-8, shared memory. */
  symlinkTarget(symlink: number): Uint8Array {
    return this.#text(this.#field(symlink, NODE.first), this.size(symlink));
  }

  #hasName(node: number, name: Uint8Array): boolean {
    if (this.#nameLength(node) !== name.length) return false;
    const start = this.#textStart + this.#field(node, NODE.nameOffset);
    for (let at = 0; at < name.length; at += 1) {
      if (this.#bytes[start + at] !== name[at]) return false;
    }
    return true;
  }

  #nameLength(node: number): number {
    return this.#field(node, NODE.nameLengthAndFlags) & NAME_LENGTH_MASK;
  }

  #hasFlag(node: number, flag: number): boolean {
    return (this.#field(node, NODE.nameLengthAndFlags) & flag) !== 0;
  }

  #text(offset: number, length: number): Uint8Array {
    const start = this.#textStart + offset;
    return this.#bytes.subarray(start, start + length);
  }

  #field(node: number, field: number): number {
    return this.#word(HEADER_WORDS + node * NODE_WORDS + field);
  }

  #word(index: number): number {
    return this.#words[index] ?? 0;
  }
}

function decode(text: Uint8Array): string {
  return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString();
}
