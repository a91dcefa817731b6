/**
 * Memory for answers, used again once the kernel has copied them. Fresh memory costs a fault for each of its pages and gives the
 * garbage collector work, which for answers of 1 MiB is more than to copy the bytes.
 */
export class ReplyMemory {
  readonly #free: ArrayBufferLike[] = [];
  /** What nobody gives back, because its read was given up, is the garbage collector's. */
  readonly #lent = new WeakSet<ArrayBufferLike>();

  /** @param length bytes; their content is undefined */
  take(length: number): Uint8Array {
    if (length < SMALLEST_BYTES || length > LARGEST_BYTES) return Buffer.allocUnsafeSlow(length);
    const memory = this.#free.pop() ?? Buffer.allocUnsafeSlow(LARGEST_BYTES).buffer;
    this.#lent.add(memory);
    return Buffer.from(memory, 0, length);
  }

  /** The bytes are of no use any more. Does nothing to what it did not make, or has back already. */
  giveBack(bytes: Uint8Array): void {
    if (!this.#lent.delete(bytes.buffer) || this.#free.length >= KEPT) return;
    this.#free.push(bytes.buffer);
  }
}

/** What one request of the kernel may ask for. */
const LARGEST_BYTES = 1 << 20;
/** Below, the C library has memory at hand. */
const SMALLEST_BYTES = 128 << 10;
/** A program that copies has one or two requests under way. */
const KEPT = 4;
