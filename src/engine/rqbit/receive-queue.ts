/**
 * Bytes of a range of a file, between the socket that fills it and the reader that takes them, in a few pieces of memory that are
 * used in turn. A piece holds bytes of one block of the file: a reader that is slower than the server is given whole blocks.
 */
export class ReceiveQueue {
  readonly #end: number;
  #receivedUpTo: number;
  #position: number;
  /** The last one is being filled, and may be empty. */
  readonly #pieces: Piece[] = [];
  readonly #free: Uint8Array[] = [];
  #allocated = 0;
  /** Of the piece whose last bytes the reader still looks at. */
  #lent: Uint8Array | undefined;

  constructor({ start, endExclusive }: { readonly start: number; readonly endExclusive: number }) {
    this.#receivedUpTo = start;
    this.#position = start;
    this.#end = endExclusive;
  }

  get receivedUpTo(): number {
    return this.#receivedUpTo;
  }

  /** File offset of the byte that the next `take` begins with. */
  get position(): number {
    return this.#position;
  }

  get hasBytes(): boolean {
    return this.#position < this.#receivedUpTo;
  }

  /** Whether more than what {@link space} has can be taken in. */
  get hasRoom(): boolean {
    return this.#free.length > 0 || this.#allocated < MAX_PIECES;
  }

  /** The same until `filled` is called; empty only when all has come. */
  space(): Uint8Array {
    let last = this.#pieces.at(-1);
    if (last === undefined || last.filled === last.size) {
      last = { memory: this.#memory(), filled: 0, taken: 0, size: this.#sizeOfNext() };
      this.#pieces.push(last);
    }
    return last.memory.subarray(last.filled, last.size);
  }

  filled(bytes: number): void {
    const last = this.#pieces.at(-1);
    if (last === undefined) throw new Error('filled what nobody had asked for');
    last.filled += bytes;
    this.#receivedUpTo += bytes;
    // The socket asks at once, so that a queue without room knows that it has none.
    if (this.#receivedUpTo < this.#end) this.space();
  }

  /** The next bytes, at most `maxBytes`, valid until the next call; undefined when there are none. */
  take(maxBytes: number): Uint8Array | undefined {
    if (this.#lent !== undefined) this.#free.push(this.#lent);
    this.#lent = undefined;
    const first = this.#pieces[0];
    if (first === undefined || first.taken === first.filled) return undefined;
    const bytes = first.memory.subarray(first.taken, Math.min(first.filled, first.taken + maxBytes));
    first.taken += bytes.length;
    this.#position += bytes.length;
    if (first.taken === first.size) {
      this.#pieces.shift();
      this.#lent = first.memory;
    }
    return bytes;
  }

  #memory(): Uint8Array {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    this.#allocated++;
    return Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  #sizeOfNext(): number {
    return Math.min(BLOCK_BYTES - (this.#receivedUpTo % BLOCK_BYTES), this.#end - this.#receivedUpTo);
  }
}

/** As the mount's cache has them. */
const BLOCK_BYTES = 256 * 1024;
/** One that is read, one that is being filled, and two between: enough for a copy at full speed, and little to throw away at a seek. */
const MAX_PIECES = 4;

interface Piece {
  readonly memory: Uint8Array;
  /** Bytes of the memory that are used: up to the end of the block, or of the range. */
  readonly size: number;
  filled: number;
  taken: number;
}
