import { type CacheMemory, CacheViews, counter, RECENT } from './cache-memory.ts';

/**
 * The reading half of the block cache, for the one thread that copies out of it while another fills it.
 *
 * It may copy from a slot between {@link pin} and {@link unpin}. This is Dekker's pattern: the reader adds its pin and then looks
 * at the key again; the writer clears the key and then looks at the pins. At least one of them sees the other, because all of
 * these are Atomics on one Int32Array, which are sequentially consistent; weaken any of it and blocks tear (`test/cache/tear.test.ts`).
 */
export class CacheReader {
  readonly #views: CacheViews;

  constructor(memory: CacheMemory) {
    this.#views = new CacheViews(memory);
  }

  get blockBytes(): number {
    return this.#views.blockBytes;
  }

  /**
   * Finds the block and keeps the writer off its slot until {@link unpin}.
   *
   * @param key of a block, as unsigned or signed 32 bits; never 0
   * @returns the slot, or -1; the block may be here all the same, since the index is only a hint: the writer's side knows
   */
  pin(key: number): number {
    const { keys, pins, index, bucketEntries } = this.#views;
    if (keys.length === 0) return -1;
    const wanted = key | 0;
    const first = this.#views.bucketOf(wanted);
    for (let entry = first; entry < first + bucketEntries; entry++) {
      const slot = Atomics.load(index, entry) - 1;
      if (slot < 0 || Atomics.load(keys, slot) !== wanted) continue;
      Atomics.add(pins, slot, 1);
      if (Atomics.load(keys, slot) === wanted) {
        this.#use(slot);
        return slot;
      }
      Atomics.sub(pins, slot, 1);
    }
    return -1;
  }

  /** Once for each {@link pin} that found a slot, in a `finally`. */
  unpin(slot: number): void {
    Atomics.sub(this.#views.pins, slot, 1);
  }

  /** Bytes `[start, end)` of a pinned slot, in shared memory. */
  slice(slot: number, start: number, end: number): Uint8Array {
    return this.#views.slice(slot, start, end);
  }

  countHit(bytes: number): void {
    this.#views.count(counter.fastHits);
    this.#views.count(counter.fastBytes, bytes);
  }

  countMiss(): void {
    this.#views.count(counter.fastMisses);
  }

  /** A lost update only makes the clock's choice a little worse, so the common case is a load. */
  #use(slot: number): void {
    const { uses } = this.#views;
    if (Atomics.load(uses, slot) !== RECENT) Atomics.store(uses, slot, RECENT);
  }
}
