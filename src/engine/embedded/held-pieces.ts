import type { PieceMap } from '../pieces.ts';

/**
 * Which pieces of a torrent are held, in memory that the engine thread writes and the main thread reads. A bit is set only
 * after the piece's bytes are in the files, so whoever sees the bit may read them.
 *
 * Layout: an int32 with the number of bits set, an int32 that is 1 once the bytes are in doubt, then the bits, most significant
 * first (BEP 3).
 */
export class HeldPieces implements PieceMap {
  readonly pieceCount: number;
  readonly memory: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #bits: Uint8Array;

  constructor(pieceCount: number, memory = new SharedArrayBuffer(HEADER_BYTES + Math.ceil(pieceCount / 8))) {
    this.pieceCount = pieceCount;
    this.memory = memory;
    this.#header = new Int32Array(memory, 0, 2);
    this.#bits = new Uint8Array(memory, HEADER_BYTES);
  }

  has(piece: number): boolean {
    if (piece < 0 || piece >= this.pieceCount) return false;
    return (Atomics.load(this.#bits, piece >>> 3) & maskOf(piece)) !== 0;
  }

  get heldCount(): number {
    return Atomics.load(this.#header, COUNT);
  }

  /** Somebody else wrote to the files since the pieces were checked: whoever reads one hashes it first. */
  get isDoubted(): boolean {
    return Atomics.load(this.#header, DOUBTED) !== 0;
  }

  /** For good. Before a file is made or written that holds other bytes than the bits say: whoever reads it must see this. */
  doubt(): void {
    Atomics.store(this.#header, DOUBTED, 1);
  }

  toBitfield(): Uint8Array {
    return Uint8Array.from(this.#bits);
  }

  /** Nothing to ask: the map is live. */
  async refresh(): Promise<void> {}

  /**
   * The first piece of `[from, end)` that is not held; `end` when all are. The engine thread's alone.
   *
   * @param among only pieces whose bit is set here count, most significant first
   */
  nextMissing(from: number, end: number, among?: Uint8Array): number {
    // Eight at a time: most of a torrent may have to be looked through for the few that matter.
    for (let byte = from >>> 3, mask = 0xff >>> (from & 7); byte * 8 < end; byte++, mask = 0xff) {
      const missing = ~(this.#bits[byte] ?? 0) & (among === undefined ? 0xff : (among[byte] ?? 0)) & mask;
      if (missing !== 0) return Math.min(end, byte * 8 + Math.clz32(missing) - 24);
    }
    return end;
  }

  /** The engine thread's alone. */
  add(piece: number): void {
    const before = Atomics.or(this.#bits, piece >>> 3, maskOf(piece));
    if ((before & maskOf(piece)) === 0) Atomics.add(this.#header, COUNT, 1);
  }

  /** The engine thread's alone. */
  remove(piece: number): void {
    const before = Atomics.and(this.#bits, piece >>> 3, ~maskOf(piece));
    if ((before & maskOf(piece)) !== 0) Atomics.sub(this.#header, COUNT, 1);
  }
}

const HEADER_BYTES = 8;
/** Indices in the header. */
const COUNT = 0;
const DOUBTED = 1;

function maskOf(piece: number): number {
  return 0x80 >>> (piece & 7);
}
