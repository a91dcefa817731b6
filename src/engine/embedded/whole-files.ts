import { piecesOf } from '../payload-layout.ts';
import { PieceSpan } from '../piece-span.ts';
import type { TorrentDetails, TorrentFile } from '../torrent.ts';
import type { PayloadStore } from './payload-store.ts';
import type { WholeFile } from './thread-messages.ts';

/** Tells which files of a torrent are whole, at the cost of a piece or two for each that arrives. */
export class WholeFiles {
  readonly #details: TorrentDetails;
  readonly #store: PayloadStore;
  /** Of files that are not whole, by index. */
  readonly #spans = new Map<number, PieceSpan>();

  constructor(details: TorrentDetails, store: PayloadStore) {
    this.#details = details;
    this.#store = store;
  }

  /** Those of the files of which every piece is held, and to which nobody else has written. */
  among(files: Iterable<TorrentFile>, isHeld: (piece: number) => boolean): WholeFile[] {
    const whole: WholeFile[] = [];
    for (const file of files) {
      const state = this.#store.stateOf(file.index);
      if (state !== undefined && this.#isWhole(file, isHeld)) whole.push({ fileIndex: file.index, state });
    }
    return whole;
  }

  #isWhole({ index, offset, length }: TorrentFile, isHeld: (piece: number) => boolean): boolean {
    const span = this.#spans.get(index) ?? new PieceSpan(piecesOf(this.#details, offset, offset + length));
    const isWhole = span.isWhole(isHeld);
    if (isWhole) this.#spans.delete(index);
    else this.#spans.set(index, span);
    return isWhole;
  }
}
