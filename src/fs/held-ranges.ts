import type { PieceMap, TorrentDetails } from '../engine/index.ts';

/** What is held of one file, as text. A piece that two files share counts for both. */
export class FileHoldings {
  readonly #pieces: Pick<PieceMap, 'has'>;
  readonly #length: number;
  readonly #offset: number;
  readonly #pieceLength: number;

  constructor(details: TorrentDetails, fileIndex: number, pieces: Pick<PieceMap, 'has'>) {
    const file = details.files[fileIndex];
    this.#pieces = pieces;
    this.#length = file?.length ?? 0;
    this.#offset = file?.offset ?? 0;
    this.#pieceLength = details.pieceLength;
  }

  /** A bit for each piece that the file touches, the first the most significant of the first byte; hexadecimal. */
  bitfield(): string {
    const bytes = Buffer.alloc(Math.ceil(this.#pieceCount / 8));
    for (let index = 0; index < this.#pieceCount; index += 1) {
      if (!this.#holds(index)) continue;
      bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (0x80 >> (index & 7));
    }
    return bytes.toString('hex');
  }

  /** Offsets in the file: `start-endExclusive,…` */
  ranges(): string {
    const ranges: string[] = [];
    let start: number | undefined;
    for (let index = 0; index <= this.#pieceCount; index += 1) {
      const holds = index < this.#pieceCount && this.#holds(index);
      if (holds) start ??= this.#startOf(index);
      else if (start !== undefined) {
        ranges.push(`${start}-${this.#startOf(index)}`);
        start = undefined;
      }
    }
    return ranges.join(',');
  }

  get #firstPiece(): number {
    return Math.floor(this.#offset / this.#pieceLength);
  }

  get #pieceCount(): number {
    if (this.#length === 0) return 0;
    return Math.floor((this.#offset + this.#length - 1) / this.#pieceLength) - this.#firstPiece + 1;
  }

  #holds(index: number): boolean {
    return this.#pieces.has(this.#firstPiece + index);
  }

  /** Where the file's `index`-th piece begins, cut to the file. */
  #startOf(index: number): number {
    const start = (this.#firstPiece + index) * this.#pieceLength - this.#offset;
    return Math.min(Math.max(start, 0), this.#length);
  }
}
