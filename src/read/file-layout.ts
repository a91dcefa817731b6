import type { TorrentDetails } from '../engine/index.ts';
import { ReadError } from './errors.ts';

/**
 * Arithmetic between the offsets of one file, its cache blocks and the torrent's pieces. All offsets are bytes from the start of
 * the file; an end is always exclusive. The first and the last piece may reach beyond the file.
 */
export class FileLayout {
  readonly length: number;
  readonly blockBytes: number;
  readonly blockCount: number;
  readonly #torrentOffset: number;
  readonly #pieceLength: number;

  constructor(details: TorrentDetails, fileIndex: number, blockBytes: number) {
    const file = details.files[fileIndex];
    if (file === undefined) throw new ReadError('bad-handle', `${details.name} has no file ${fileIndex}`);
    this.length = file.length;
    this.blockBytes = blockBytes;
    this.blockCount = Math.ceil(file.length / blockBytes);
    this.#torrentOffset = file.offset;
    this.#pieceLength = details.pieceLength;
  }

  blockAt(offset: number): number {
    return Math.floor(offset / this.blockBytes);
  }

  blockStart(block: number): number {
    return block * this.blockBytes;
  }

  blockEnd(block: number): number {
    return Math.min((block + 1) * this.blockBytes, this.length);
  }

  /** The piece that the byte lies in, by its number in the torrent. */
  pieceAt(offset: number): number {
    return Math.floor((this.#torrentOffset + offset) / this.#pieceLength);
  }

  /** The first byte of the piece that is in the file. */
  pieceStart(piece: number): number {
    return Math.max(0, piece * this.#pieceLength - this.#torrentOffset);
  }

  pieceEnd(piece: number): number {
    return Math.min(this.length, (piece + 1) * this.#pieceLength - this.#torrentOffset);
  }

  /** How much of the piece lies in the files before this one. */
  bytesBeforeFile(piece: number): number {
    return Math.max(0, this.#torrentOffset - piece * this.#pieceLength);
  }

  /** Whether every piece of `[from, to)` satisfies the predicate. */
  everyPiece(from: number, to: number, predicate: (piece: number) => boolean): boolean {
    if (from >= to) return true;
    const last = this.pieceAt(to - 1);
    for (let piece = this.pieceAt(from); piece <= last; piece++) if (!predicate(piece)) return false;
    return true;
  }

  /** Down to the start of the block, but not into another piece: that one may be missing when this one is here. */
  roundDown(offset: number): number {
    return Math.max(this.blockStart(this.blockAt(offset)), this.pieceStart(this.pieceAt(offset)));
  }

  /** Up to the end of the block, but not into another piece. @param end over 0 */
  roundUp(end: number): number {
    return Math.min(this.blockEnd(this.blockAt(end - 1)), this.pieceEnd(this.pieceAt(end - 1)));
  }

  /** The parts of `[from, to)` block by block. */
  *byBlock(
    from: number,
    to: number,
  ): Generator<{ readonly block: number; readonly from: number; readonly to: number }> {
    for (let at = from; at < to; ) {
      const block = this.blockAt(at);
      const end = Math.min(to, this.blockEnd(block));
      yield { block, from: at, to: end };
      at = end;
    }
  }
}
