import type { CacheReader } from '../cache/cache-reader.ts';
import type { HandleReader } from './handle-table.ts';

/** Bytes in shared memory, pinned until `release`. One object for all reads: it is spent when the next read begins. */
export interface FastReply {
  readonly slices: readonly Uint8Array[];
  /** The main thread must be sent a message ({@link Reader.touched}): the read passed the handle's mark, or jumped. */
  readonly touched: boolean;
  release(): void;
}

/**
 * How far from its expected offset a read may begin before it counts as a jump. The kernel splits a large read into requests of
 * at most 1 MiB that arrive in any order.
 */
const ORDER_TOLERANCE = 1 << 20;

/** Answers reads on the fuse thread, from the shared cache alone. Allocates nothing but the slices. */
export class FastReader {
  readonly #cache: CacheReader;
  readonly #handles: HandleReader;
  readonly #pinned: number[] = [];
  readonly #slices: Uint8Array[] = [];
  readonly #reply = { slices: this.#slices, touched: false, release: () => this.#release() };

  constructor(cache: CacheReader, handles: HandleReader) {
    this.#cache = cache;
    this.#handles = handles;
  }

  /**
   * @param size bytes; cut at the end of the file
   * @returns undefined when the main thread must answer: a block is missing, or the handle is not open
   */
  read(handle: number, offset: number, size: number): FastReply | undefined {
    this.#release();
    const slot = this.#handles.slotOf(handle);
    if (slot < 0) return undefined;
    const end = Math.min(offset + size, this.#handles.length(slot));
    const jumped = this.#move(slot, offset, end);
    if (!this.#collect(this.#handles.base(slot), offset, end)) {
      this.#release();
      this.#cache.countMiss();
      return undefined;
    }
    const length = Math.max(0, end - offset);
    this.#cache.countHit(length);
    const isNews = this.#handles.reachedMark(slot, end) || jumped;
    this.#reply.touched = isNews && this.#handles.tell(slot, offset, length);
    return this.#reply;
  }

  /** @returns whether the read is somewhere else than the handle's last ones */
  #move(slot: number, offset: number, end: number): boolean {
    const position = this.#handles.position(slot);
    const jumped = Math.abs(offset - position) > ORDER_TOLERANCE;
    if (jumped) this.#handles.countJump(slot);
    if (jumped || end > position) this.#handles.setPosition(slot, end);
    return jumped;
  }

  #collect(base: number, offset: number, end: number): boolean {
    if (base === 0) return offset >= end;
    const { blockBytes } = this.#cache;
    let block = Math.floor(offset / blockBytes);
    for (let at = offset; at < end; block++) {
      const slot = this.#cache.pin(base + block);
      if (slot < 0) return false;
      this.#pinned.push(slot);
      const blockStart = block * blockBytes;
      const sliceEnd = Math.min(end, blockStart + blockBytes);
      this.#slices.push(this.#cache.slice(slot, at - blockStart, sliceEnd - blockStart));
      at = sliceEnd;
    }
    return true;
  }

  #release(): void {
    for (const slot of this.#pinned) this.#cache.unpin(slot);
    this.#pinned.length = 0;
    this.#slices.length = 0;
  }
}
