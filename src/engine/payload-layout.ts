import { partitionPoint } from '../util/partition-point.ts';
import type { TorrentDetails, TorrentFile } from './torrent.ts';

/** A part of one file, within a range of the torrent. */
export interface FileSpan {
  readonly file: TorrentFile;
  /** Offset in the file. */
  readonly fileOffset: number;
  /** Bytes; over 0. */
  readonly length: number;
  /** Offset of the part in the range that was asked for. */
  readonly rangeOffset: number;
}

/** The parts of files that make up `[start, endExclusive)` of the torrent, in order, padding included. */
export function spansOf(details: TorrentDetails, start: number, endExclusive: number): FileSpan[] {
  const spans: FileSpan[] = [];
  for (let index = firstFileEndingAfter(details.files, start); index < details.files.length; index++) {
    const file = details.files[index];
    if (file === undefined || file.offset >= endExclusive) break;
    const from = Math.max(start, file.offset);
    const length = Math.min(endExclusive, file.offset + file.length) - from;
    if (length > 0) spans.push({ file, fileOffset: from - file.offset, length, rangeOffset: from - start });
  }
  return spans;
}

/** The parts of files that make up one piece, in order, padding included. */
export function spansOfPiece(details: TorrentDetails, piece: number): FileSpan[] {
  const start = piece * details.pieceLength;
  return spansOf(details, start, start + pieceSize(details, piece));
}

/** Bytes of one piece; the last one may be shorter. */
export function pieceSize(details: TorrentDetails, piece: number): number {
  return Math.min(details.pieceLength, details.totalLength - piece * details.pieceLength);
}

/** The pieces that hold `[start, endExclusive)` of the torrent, as `[first, end)`; empty for an empty range. */
export function piecesOf(details: TorrentDetails, start: number, endExclusive: number): { first: number; end: number } {
  const first = Math.floor(start / details.pieceLength);
  return { first, end: endExclusive > start ? Math.ceil(endExclusive / details.pieceLength) : first };
}

function firstFileEndingAfter(files: readonly TorrentFile[], offset: number): number {
  return partitionPoint(files, file => file.offset + file.length <= offset);
}
