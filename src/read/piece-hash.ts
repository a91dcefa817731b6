import type { TorrentDetails, TorrentFile } from '../engine/index.ts';

/** Whether the bytes are those of the piece, by its SHA-1 (BEP 3). Hashed on a thread of the pool. */
export async function isPiece(details: TorrentDetails, piece: number, bytes: Uint8Array): Promise<boolean> {
  const wanted = details.pieceHashes.subarray(piece * 20, piece * 20 + 20);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes));
  return wanted.length === 20 && digest.every((byte, index) => byte === wanted[index]);
}

export interface PiecePart {
  readonly file: TorrentFile;
  /** Offset in the file. */
  readonly fileOffset: number;
  /** Offset in the piece. */
  readonly pieceOffset: number;
  /** Bytes; over 0. */
  readonly length: number;
}

export function pieceLengthOf(details: TorrentDetails, piece: number): number {
  return Math.min(details.pieceLength, details.totalLength - piece * details.pieceLength);
}

/** The parts of files that make up a piece, in order, padding included. */
export function partsOfPiece(details: TorrentDetails, piece: number): readonly PiecePart[] {
  const start = piece * details.pieceLength;
  const end = start + pieceLengthOf(details, piece);
  const parts: PiecePart[] = [];
  for (let index = firstFileAt(details.files, start); index < details.files.length; index++) {
    const file = details.files[index];
    if (file === undefined || file.offset >= end) break;
    const from = Math.max(start, file.offset);
    const to = Math.min(end, file.offset + file.length);
    if (from < to) parts.push({ file, fileOffset: from - file.offset, pieceOffset: from - start, length: to - from });
  }
  return parts;
}

/** The first file that ends after the byte, by bisection: a torrent may have a hundred thousand files. */
function firstFileAt(files: readonly TorrentFile[], torrentOffset: number): number {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const file = files[middle];
    if (file !== undefined && file.offset + file.length <= torrentOffset) low = middle + 1;
    else high = middle;
  }
  return low;
}
