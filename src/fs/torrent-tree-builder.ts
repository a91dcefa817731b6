import type { InfoHash, TorrentDetails } from '../engine/index.ts';
import { hashName } from './name-hash.ts';
import { type LayoutNode, layOutTorrent } from './torrent-layout.ts';
import { FLAG, HEADER, HEADER_WORDS, NO_FILE, NODE, NODE_WORDS, TorrentTree } from './torrent-tree.ts';

/**
 * @param addedAtSeconds shown as the time of everything in a torrent that tells no creation date
 * @throws EngineError `too-large`, see {@link layOutTorrent}
 */
export function buildTorrentTree(details: TorrentDetails, addedAtSeconds: number): TorrentTree {
  const layout = layOutTorrent(details);
  const writer = new TreeWriter(layout);
  writer.header(details.infoHash, details.createdAtSeconds ?? addedAtSeconds);

  const childrenOf = groupByParent(layout);
  // Breadth first, so that the children of a directory are numbered side by side. The loop runs over what it appends.
  const queue = layout.slice(0, 1).map(entry => ({ place: 0, parent: 0, entry }));
  for (const [node, { place, parent, entry }] of queue.entries()) {
    const children = childrenOf.get(place) ?? [];
    writer.node(node, { parent, entry, firstChild: queue.length, childCount: children.length });
    for (const child of children) queue.push({ place: child.place, parent: node, entry: child.entry });
  }
  return new TorrentTree(writer.buffer);
}

interface PlacedEntry {
  /** The entry's number in the layout. */
  readonly place: number;
  readonly entry: LayoutNode;
}

function groupByParent(layout: readonly LayoutNode[]): ReadonlyMap<number, readonly PlacedEntry[]> {
  const groups = new Map<number, PlacedEntry[]>();
  for (const [place, entry] of layout.entries()) {
    if (place === 0) continue;
    const group = groups.get(entry.parent);
    if (group === undefined) groups.set(entry.parent, [{ place, entry }]);
    else group.push({ place, entry });
  }
  return groups;
}

interface TreeNode {
  readonly parent: number;
  readonly entry: LayoutNode;
  readonly firstChild: number;
  readonly childCount: number;
}

class TreeWriter {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Uint32Array;
  readonly #texts: Buffer;
  readonly #tableStart: number;
  readonly #tableMask: number;
  #textEnd = 0;

  constructor(layout: readonly LayoutNode[]) {
    const tableWords = tableWordsFor(layout.length);
    this.#tableStart = HEADER_WORDS + layout.length * NODE_WORDS;
    this.#tableMask = tableWords - 1;
    const wordCount = this.#tableStart + tableWords;
    this.buffer = new SharedArrayBuffer(wordCount * 4 + textBytes(layout));
    this.#words = new Uint32Array(this.buffer, 0, wordCount);
    this.#texts = Buffer.from(this.buffer, wordCount * 4);
    this.#words[HEADER.nodeCount] = layout.length;
    this.#words[HEADER.tableWords] = tableWords;
  }

  /** Before the first node: the table is seeded with the info hash. */
  header(infoHash: InfoHash, mtimeSeconds: number): void {
    for (let part = 0; part < 5; part += 1) {
      this.#words[HEADER.infoHash + part] = Number.parseInt(infoHash.slice(part * 8, part * 8 + 8), 16);
    }
    this.#words[HEADER.mtimeLow] = mtimeSeconds >>> 0;
    this.#words[HEADER.mtimeHigh] = Math.floor(mtimeSeconds / 2 ** 32);
  }

  node(node: number, { parent, entry, firstChild, childCount }: TreeNode): void {
    const nameStart = this.#textEnd;
    const nameEnd = this.#write(entry.name);
    const isDirectory = entry.file === undefined;
    const targetEnd = this.#write(entry.symlinkTarget ?? '');
    const size = entry.symlinkTarget === undefined ? (entry.file?.length ?? 0) : targetEnd - nameEnd;
    const words = this.#words;
    const record = HEADER_WORDS + node * NODE_WORDS;
    words[record + NODE.parent] = parent;
    words[record + NODE.nameOffset] = nameStart;
    words[record + NODE.nameLengthAndFlags] = (nameEnd - nameStart) | flagsOf(entry);
    words[record + NODE.fileIndex] = entry.file?.index ?? NO_FILE;
    words[record + NODE.first] = isDirectory ? firstChild : nameEnd;
    words[record + NODE.childCount] = childCount;
    words[record + NODE.sizeLow] = size >>> 0;
    words[record + NODE.sizeHigh] = Math.floor(size / 2 ** 32);
    if (node !== 0) this.#enter(node, parent, nameStart, nameEnd);
  }

  #write(text: string): number {
    this.#textEnd += this.#texts.write(text, this.#textEnd);
    return this.#textEnd;
  }

  #enter(node: number, parent: number, nameStart: number, nameEnd: number): void {
    const seed = (this.#words[HEADER.infoHash] ?? 0) + parent;
    let at = hashName(seed, this.#texts, nameStart, nameEnd) & this.#tableMask;
    while (this.#words[this.#tableStart + at] !== 0) at = (at + 1) & this.#tableMask;
    this.#words[this.#tableStart + at] = node;
  }
}

function flagsOf({ file, symlinkTarget }: LayoutNode): number {
  if (file === undefined) return FLAG.directory;
  if (symlinkTarget !== undefined) return FLAG.symlink;
  return file.executable ? FLAG.executable : 0;
}

function textBytes(layout: readonly LayoutNode[]): number {
  let bytes = 0;
  for (const { name, symlinkTarget } of layout)
    bytes += Buffer.byteLength(name) + Buffer.byteLength(symlinkTarget ?? '');
  return bytes;
}

/** Between a third and two thirds full: short probes for about ten bytes a node. */
function tableWordsFor(nodeCount: number): number {
  return 2 ** Math.ceil(Math.log2(nodeCount * 1.5 + 1));
}
