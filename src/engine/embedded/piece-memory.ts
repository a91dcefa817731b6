import { SpareBuffers } from '../../util/spare-buffers.ts';

/**
 * The memory that torrents put pieces together in, of all of them: a mount may have read from hundreds, and what each kept for
 * itself would stay as long as the mount.
 */
export class PieceMemory {
  readonly #spare = new SpareBuffers(SPARE_BYTES);
  /** Oldest first, each with what its torrent does to forget it. */
  readonly #halfFetched = new Map<HalfFetched, () => void>();
  #halfFetchedBytes = 0;
  readonly #fetching = new Set<object>();

  /** Bytes that are kept for nobody in particular, and of pieces that nobody wants. */
  get idleBytes(): number {
    return this.#spare.bytes + this.#halfFetchedBytes;
  }

  /** What is in it does not matter to whoever asks. */
  take(size: number): Uint8Array {
    return this.#spare.take(size);
  }

  /** Nobody else may hold it any more. */
  giveBack(bytes: Uint8Array): void {
    this.#spare.giveBack(bytes);
  }

  /**
   * Nobody wants the piece now. What is half here may be wanted again soon, by a reader that seeks to and fro; the newest is
   * worth keeping.
   *
   * @param forget called when there is no room for it any more
   */
  keep(piece: HalfFetched, forget: () => void): void {
    if (this.#halfFetched.has(piece)) return;
    this.#halfFetched.set(piece, forget);
    this.#halfFetchedBytes += piece.bytes.length;
    for (const [oldest, forgetOldest] of this.#halfFetched) {
      if (this.#halfFetchedBytes <= KEPT_BYTES) return;
      this.release(oldest);
      forgetOldest();
    }
  }

  /** What a torrent that fetches may have on its way; as much as every other. */
  shareOf(torrent: object): number {
    this.#fetching.add(torrent);
    return PLANNED_BYTES / this.#fetching.size;
  }

  /** It fetches nothing any more, until it asks for its share again. */
  leave(torrent: object): void {
    this.#fetching.delete(torrent);
  }

  /** The piece is wanted again, or gone. */
  release(piece: HalfFetched): void {
    if (this.#halfFetched.delete(piece)) this.#halfFetchedBytes -= piece.bytes.length;
  }
}

interface HalfFetched {
  readonly bytes: Uint8Array;
}

/** A few pieces of usual size: one is written while others come in. */
const SPARE_BYTES = 16 * 2 ** 20;
/** Half-fetched pieces that nobody wants now. */
const KEPT_BYTES = 16 * 2 ** 20;
/** What is on its way at most, checking and writing included, so that a slow disk holds up the net and not the memory. */
const PLANNED_BYTES = 64 * 2 ** 20;
