/**
 * Memory that is used again: at a hundred fresh megabytes a second the garbage collector takes a third of a thread, and lets
 * 64 MiB pile up before it begins.
 */
export class SpareBuffers {
  readonly #limitBytes: number;
  /** Oldest first. */
  readonly #spare: Uint8Array[] = [];
  #spareBytes = 0;

  /** @param limitBytes what is kept of it at most */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** What is kept. */
  get bytes(): number {
    return this.#spareBytes;
  }

  /** What is in it does not matter to whoever asks. */
  take(size: number): Uint8Array {
    const index = this.#spare.findLastIndex(buffer => buffer.length === size);
    if (index < 0) return new Uint8Array(size);
    const [found] = this.#spare.splice(index, 1);
    this.#spareBytes -= size;
    return found ?? new Uint8Array(size);
  }

  /** Nobody else may hold it any more. The oldest make room for it. */
  giveBack(buffer: Uint8Array): void {
    if (buffer.length < SMALLEST || buffer.length > this.#limitBytes) return;
    this.#spare.push(buffer);
    this.#spareBytes += buffer.length;
    while (this.#spareBytes > this.#limitBytes) this.#spareBytes -= this.#spare.shift()?.length ?? 0;
  }
}

/** Less is cheaper made than kept. */
const SMALLEST = 2 ** 14;
