/** Bytes that are written in pieces, at any offset up to a limit. What was never written is zero. */
export class GrowableBytes {
  readonly #limit: number;
  #buffer = Buffer.alloc(0);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** A view, good until the next change. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** @returns false, and nothing is written, when it would go beyond the limit */
  write(offset: number, data: Uint8Array): boolean {
    if (!this.resize(Math.max(this.#length, offset + data.length))) return false;
    this.#buffer.set(data, offset);
    return true;
  }

  /** No memory is kept for a length of 0. @returns false, and nothing is changed, when it is over the limit */
  resize(length: number): boolean {
    if (length > this.#limit) return false;
    if (length > this.#buffer.length) {
      // Doubled, so that a file that comes in small writes is not copied again for each.
      const larger = Buffer.alloc(Math.min(this.#limit, Math.max(length, 2 * this.#buffer.length)));
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    if (length === 0) this.#buffer = Buffer.alloc(0);
    else if (length < this.#length) this.#buffer.fill(0, length, this.#length);
    this.#length = length;
    return true;
  }
}
