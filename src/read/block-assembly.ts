import type { SpareBuffers } from '../util/spare-buffers.ts';
import { type ByteRange, ByteRanges } from './byte-ranges.ts';

/** Somebody who waits for bytes `[from, to)` of the file, all within one block. Called back synchronously. */
export interface BlockWaiter {
  readonly from: number;
  readonly to: number;
  /** The request that asked for them, as the kernel numbers it; for the log. */
  readonly read: number | undefined;
  /** Some of the bytes arrived. */
  progressed(): void;
  /** All of them are in the assembly; copy them now. */
  arrived(assembly: BlockAssembly): void;
  failed(error: unknown): void;
}

/**
 * A block that is being put together in private memory, in any order. Each waiter is woken as soon as its own bytes are there.
 * Has no memory before the first byte arrives, so a block that nobody can deliver costs nothing.
 */
export class BlockAssembly {
  readonly block: number;
  readonly start: number;
  readonly end: number;
  readonly waiters: Set<BlockWaiter> = new Set();
  /** Whether nobody has waited for it yet. */
  isAhead = true;
  filledAtMs = 0;
  readonly #filled = new ByteRanges();
  #bytes: Uint8Array | undefined;

  readonly #buffers: SpareBuffers;

  constructor(block: number, { start, end, buffers }: { start: number; end: number; buffers: SpareBuffers }) {
    this.#buffers = buffers;
    this.block = block;
    this.start = start;
    this.end = end;
  }

  get hasMemory(): boolean {
    return this.#bytes !== undefined;
  }

  get isWhole(): boolean {
    return this.#filled.has(this.start, this.end);
  }

  /** All of the block. Only meaningful when it {@link isWhole}. */
  get bytes(): Uint8Array {
    return this.#bytes ?? new Uint8Array(0);
  }

  has(from: number, to: number): boolean {
    return this.#filled.has(from, to);
  }

  firstMissing(from: number, to: number): number {
    return this.#filled.firstMissing(from, to);
  }

  missing(from: number, to: number): ByteRange[] {
    return this.#filled.missing(from, to);
  }

  wait(waiter: BlockWaiter): void {
    this.waiters.add(waiter);
    this.isAhead = false;
  }

  /** @param bytes of the file from `offset` on, within the block */
  fill(offset: number, bytes: Uint8Array, nowMs: number): void {
    this.#bytes ??= this.#buffers.take(this.end - this.start);
    this.#bytes.set(bytes, offset - this.start);
    const end = offset + bytes.length;
    this.#filled.add(offset, end);
    this.filledAtMs = nowMs;
    for (const waiter of this.waiters) this.#wake(waiter, offset, end);
  }

  /** Copies `[from, to)`, which must be there, into `target` at `targetStart`. */
  copy(from: number, to: number, target: Uint8Array, targetStart: number): void {
    target.set(this.bytes.subarray(from - this.start, to - this.start), targetStart);
  }

  /** Gives the memory up; the waiters stay. */
  forget(): void {
    if (this.#bytes !== undefined) this.#buffers.giveBack(this.#bytes);
    this.#bytes = undefined;
    this.#filled.clear();
  }

  #wake(waiter: BlockWaiter, from: number, to: number): void {
    if (waiter.to <= from || waiter.from >= to) return;
    waiter.progressed();
    if (!this.has(waiter.from, waiter.to)) return;
    this.waiters.delete(waiter);
    waiter.arrived(this);
  }
}
