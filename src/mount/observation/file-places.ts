import type { PieceMap, TorrentDetails } from '../../engine/index.ts';
import type { MountedTorrent } from '../../fs/torrent-root.ts';
import type { TorrentTree } from '../../fs/torrent-tree.ts';
import type { FileFigures, FilePieces } from '../../observe/snapshot.ts';

/** Where the files of torrents are in the mount, found by their index in the metadata. */
export class FilePlaces {
  /** By file index: the node, plus one. Four bytes a file, made when a torrent's files are first asked for. */
  readonly #nodes = new WeakMap<TorrentTree, Uint32Array>();

  /** Relative to the mount point; undefined for what is not shown, such as padding. */
  pathOf({ name, tree }: MountedTorrent, fileIndex: number): string | undefined {
    const node = (this.#nodesOf(tree)[fileIndex] ?? 0) - 1;
    return node < 0 ? undefined : [name, ...tree.path(node)].join('/');
  }

  /** In the order of the tree. */
  filesOf({ infoHash, name, tree }: MountedTorrent): FileFigures[] {
    const files: FileFigures[] = [];
    for (let node = 0; node < tree.nodeCount; node++) {
      const fileIndex = tree.fileIndex(node);
      if (fileIndex === undefined || tree.isSymlink(node)) continue;
      files.push({ infoHash, fileIndex, path: [name, ...tree.path(node)].join('/'), length: tree.size(node) });
    }
    return files;
  }

  #nodesOf(tree: TorrentTree): Uint32Array {
    const known = this.#nodes.get(tree);
    if (known !== undefined) return known;
    const indexes = Array.from({ length: tree.nodeCount }, (_, node) => tree.fileIndex(node) ?? -1);
    const nodes = new Uint32Array(indexes.reduce((most, index) => Math.max(most, index), -1) + 1);
    for (const [node, index] of indexes.entries()) if (index >= 0) nodes[index] = node + 1;
    this.#nodes.set(tree, nodes);
    return nodes;
  }
}

/** The pieces that a file spans, and which of them are held. */
export function filePieces(
  { details, fileIndex, path }: { details: TorrentDetails; fileIndex: number; path: string },
  held: Pick<PieceMap, 'has'>,
): FilePieces | undefined {
  const file = details.files[fileIndex];
  if (file === undefined) return undefined;
  const { pieceLength, infoHash } = details;
  const firstPiece = Math.floor(file.offset / pieceLength);
  const pieceCount = file.length === 0 ? 0 : Math.floor((file.offset + file.length - 1) / pieceLength) - firstPiece + 1;
  const bitfield = new Uint8Array(Math.ceil(pieceCount / 8));
  for (let index = 0; index < pieceCount; index++) {
    if (held.has(firstPiece + index)) bitfield[index >> 3] = (bitfield[index >> 3] ?? 0) | (0x80 >> (index & 7));
  }
  const leadBytes = file.offset - firstPiece * pieceLength;
  return { infoHash, fileIndex, path, length: file.length, pieceLength, firstPiece, leadBytes, pieceCount, bitfield };
}
