import type { FileIndexRange, FileWishes } from '../engine.ts';
import { piecesOf } from '../payload-layout.ts';
import type { TorrentDetails } from '../torrent.ts';
import type { PieceDemand } from './demand-plan.ts';

/** Which pieces are downloaded although nobody reads them, in the order in which they are. */
export class WantedPieces {
  readonly #details: TorrentDetails;
  readonly #byDefault: boolean;
  #wishes: FileWishes;
  /** No piece before the first one of a range is missing from it. */
  #ranges: { first: number; readonly end: number }[] = [];

  /** @param byDefault whether files of which nothing is said are wanted */
  constructor(details: TorrentDetails, options: { readonly byDefault: boolean; readonly wishes: FileWishes }) {
    this.#details = details;
    this.#byDefault = options.byDefault;
    this.#wishes = options.wishes;
    this.reset();
  }

  set(wishes: FileWishes): void {
    this.#wishes = wishes;
    this.reset();
  }

  /** Pieces may be missing that were held. */
  reset(): void {
    const files = [...this.#wishes.wanted, ...(this.#byDefault ? this.#unmentioned() : [])];
    this.#ranges = files.map(range => this.#piecesOfFiles(range));
  }

  /** From the first missing piece of each range on. */
  missing(isHeld: (piece: number) => boolean): readonly PieceDemand[] {
    for (const range of this.#ranges) while (range.first < range.end && isHeld(range.first)) range.first++;
    return this.#ranges;
  }

  #piecesOfFiles({ first, endExclusive }: FileIndexRange): { first: number; end: number } {
    const { files } = this.#details;
    const last = files[endExclusive - 1];
    return piecesOf(this.#details, files[first]?.offset ?? 0, last === undefined ? 0 : last.offset + last.length);
  }

  #unmentioned(): FileIndexRange[] {
    const { wanted, unwanted } = this.#wishes;
    const gaps: FileIndexRange[] = [];
    let first = 0;
    for (const mentioned of [...wanted, ...unwanted].sort((a, b) => a.first - b.first)) {
      if (mentioned.first > first) gaps.push({ first, endExclusive: mentioned.first });
      first = Math.max(first, mentioned.endExclusive);
    }
    if (first < this.#details.files.length) gaps.push({ first, endExclusive: this.#details.files.length });
    return gaps;
  }
}
