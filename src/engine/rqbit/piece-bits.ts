import { abortable } from '../../util/abortable.ts';
import type { WaitOptions } from '../engine.ts';
import type { PieceMap } from '../pieces.ts';

/** The pieces that rqbit last said it holds. Questions that come together share one answer. */
export class PieceBits implements PieceMap {
  readonly pieceCount: number;
  readonly #ask: () => Promise<Uint8Array | undefined>;
  #bits: Uint8Array;
  #heldCount = 0;
  #refreshing: Promise<void> | undefined;

  /** @param ask the bitfield, or undefined while rqbit does not know it */
  constructor(pieceCount: number, ask: () => Promise<Uint8Array | undefined>) {
    this.pieceCount = pieceCount;
    this.#ask = ask;
    this.#bits = new Uint8Array(Math.ceil(pieceCount / 8));
  }

  get heldCount(): number {
    return this.#heldCount;
  }

  has(piece: number): boolean {
    if (piece < 0 || piece >= this.pieceCount) return false;
    return ((this.#bits[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0;
  }

  toBitfield(): Uint8Array {
    return this.#bits.slice();
  }

  refresh({ signal }: WaitOptions): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return abortable(this.#refreshing, signal);
  }

  /** Without asking: all are held. */
  fill(): void {
    const bits = new Uint8Array(this.#bits.length).fill(0xff);
    const spare = bits.length * 8 - this.pieceCount;
    if (bits.length > 0) bits[bits.length - 1] = (0xff << spare) & 0xff;
    this.#take(bits);
  }

  async #refresh(): Promise<void> {
    const bits = await this.#ask();
    if (bits !== undefined) this.#take(bits);
  }

  #take(bits: Uint8Array): void {
    this.#bits = bits;
    this.#heldCount = 0;
    for (let piece = 0; piece < this.pieceCount; piece++) if (this.has(piece)) this.#heldCount++;
  }
}
