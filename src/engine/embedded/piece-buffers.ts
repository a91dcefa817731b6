/**
 * Memory for pieces, used again: at a hundred fresh megabytes a second the garbage collector takes a third of the thread.
 */
export class PieceBuffers {
  readonly #spare: Uint8Array[] = [];
  #spareBytes = 0;

  /** What is in it does not matter to whoever asks. */
  take(size: number): Uint8Array {
    const last = this.#spare.at(-1);
    if (last?.length !== size) return new Uint8Array(size);
    this.#spare.pop();
    this.#spareBytes -= size;
    return last;
  }

  /** Nobody else may hold it any more. */
  giveBack(buffer: Uint8Array): void {
    if (this.#spareBytes + buffer.length > SPARE_BYTES) return;
    this.#spare.push(buffer);
    this.#spareBytes += buffer.length;
  }
}

/** A few pieces of usual size: one is written while others come in. */
const SPARE_BYTES = 16 * 2 ** 20;
