import { ReadError } from './errors.ts';
import type { ReadRange } from './reader.ts';

/** What the two threads share of the open handles; plain data, made to be posted. */
export interface HandleMemory {
  readonly capacity: number;
  /** Columns of `capacity` words: length, position, told offset (f64); generation, base, mark, jumps, told length, message (i32). */
  readonly buffer: SharedArrayBuffer;
}

/** 3 MB, resident only as far as it is used; a mount with more open files than this has another problem. */
const DEFAULT_CAPACITY = 1 << 16;

/** The unit of marks, so that one fits in a 32-bit word that is read and written as a whole. */
export const MARK_BYTES = 256 << 10;
const NO_MARK = -1;

/** @param capacity a power of two */
export function createHandleMemory(capacity = DEFAULT_CAPACITY): HandleMemory {
  return { capacity, buffer: new SharedArrayBuffer(capacity * (3 * 8 + 6 * 4)) };
}

export interface HandleProgress {
  readonly position: number;
  readonly jumps: number;
}

/** Typed views of a {@link HandleMemory} for one thread. */
class HandleViews {
  readonly capacity: number;
  /** 0: the slot is free. */
  readonly generations: Int32Array;
  readonly bases: Int32Array;
  readonly marks: Int32Array;
  readonly jumps: Int32Array;
  readonly lengths: Float64Array;
  readonly positions: Float64Array;
  /** The last read that the main thread has to hear of. */
  readonly toldOffsets: Float64Array;
  readonly toldLengths: Int32Array;
  /** 1 while a message about it is on its way. */
  readonly messages: Int32Array;

  constructor({ capacity, buffer }: HandleMemory) {
    this.capacity = capacity;
    this.lengths = new Float64Array(buffer, 0, capacity);
    this.positions = new Float64Array(buffer, 8 * capacity, capacity);
    this.toldOffsets = new Float64Array(buffer, 16 * capacity, capacity);
    this.generations = new Int32Array(buffer, 24 * capacity, capacity);
    this.bases = new Int32Array(buffer, 28 * capacity, capacity);
    this.marks = new Int32Array(buffer, 32 * capacity, capacity);
    this.jumps = new Int32Array(buffer, 36 * capacity, capacity);
    this.toldLengths = new Int32Array(buffer, 40 * capacity, capacity);
    this.messages = new Int32Array(buffer, 44 * capacity, capacity);
  }

  /** The handle's slot; -1 when it is not open, or not any more. */
  slotOf(handle: number): number {
    const slot = handle % this.capacity;
    const open = Atomics.load(this.generations, slot);
    return open !== 0 && open === (handle - slot) / this.capacity ? slot : -1;
  }
}

/**
 * The main thread's side of the table: it opens and closes handles and sets their marks. A handle is
 * `generation × capacity + slot`, so the number of a closed one is refused when its slot has a new owner.
 */
export class HandleTable {
  readonly #views: HandleViews;
  readonly #lastGeneration: Int32Array;
  readonly #free: number[] = [];
  #neverUsed = 0;

  constructor(memory: HandleMemory) {
    this.#views = new HandleViews(memory);
    this.#lastGeneration = new Int32Array(memory.capacity);
  }

  get openCount(): number {
    return this.#neverUsed - this.#free.length;
  }

  /**
   * @param base of the file's keys in the block cache; 0 when it has none
   * @param length of the file, in bytes
   * @throws ReadError `too-many-handles`
   */
  open(base: number, length: number): number {
    const slot = this.#takeSlot();
    const { bases, lengths, positions, jumps, marks, messages, generations, capacity } = this.#views;
    bases[slot] = base | 0;
    lengths[slot] = length;
    positions[slot] = 0;
    jumps[slot] = 0;
    Atomics.store(messages, slot, 0);
    // The first read is always told of: it is how the main thread learns what the reader is up to.
    Atomics.store(marks, slot, 0);
    const generation = ((this.#lastGeneration[slot] ?? 0) % 0x7fff_fffe) + 1;
    this.#lastGeneration[slot] = generation;
    Atomics.store(generations, slot, generation);
    return generation * capacity + slot;
  }

  /** Does nothing for a handle that is not open. */
  close(handle: number): void {
    const slot = this.#views.slotOf(handle);
    if (slot < 0) return;
    Atomics.store(this.#views.generations, slot, 0);
    this.#free.push(slot);
  }

  /** The main thread wants to hear, once, of a read that the cache answers and that ends at `offset` or past it. */
  setMark(handle: number, offset: number): void {
    const slot = this.#views.slotOf(handle);
    if (slot >= 0) Atomics.store(this.#views.marks, slot, Math.floor(offset / MARK_BYTES) | 0);
  }

  /** How far the fuse thread has seen the handle read, and how often it jumped there; 0 and 0 where no fuse thread looks. */
  progress(handle: number): HandleProgress {
    const slot = this.#views.slotOf(handle);
    if (slot < 0) return { jumps: 0, position: 0 };
    // In this order: a position of before a jump is never taken for one of after it.
    const jumps = Atomics.load(this.#views.jumps, slot);
    return { jumps, position: this.#views.positions[slot] ?? 0 };
  }

  /**
   * The last read that the fuse thread told of; from now on it tells of the next one. Undefined when the handle is not open.
   * Read after the word is cleared: a read that comes in between is told of once more, and none is lost.
   */
  takeTold(handle: number): ReadRange | undefined {
    const slot = this.#views.slotOf(handle);
    if (slot < 0) return undefined;
    Atomics.store(this.#views.messages, slot, 0);
    return { offset: this.#views.toldOffsets[slot] ?? 0, length: this.#views.toldLengths[slot] ?? 0 };
  }

  #takeSlot(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) return freed;
    if (this.#neverUsed < this.#views.capacity) return this.#neverUsed++;
    throw new ReadError('too-many-handles', `${this.#views.capacity} files are open: close some`);
  }
}

/** The fuse thread's side: it looks handles up and keeps their positions, of which it is the only writer. */
export class HandleReader {
  readonly #views: HandleViews;

  constructor(memory: HandleMemory) {
    this.#views = new HandleViews(memory);
  }

  /** @returns -1 when the handle is not open */
  slotOf(handle: number): number {
    return this.#views.slotOf(handle);
  }

  base(slot: number): number {
    return (this.#views.bases[slot] ?? 0) >>> 0;
  }

  length(slot: number): number {
    return this.#views.lengths[slot] ?? 0;
  }

  position(slot: number): number {
    return this.#views.positions[slot] ?? 0;
  }

  setPosition(slot: number, position: number): void {
    this.#views.positions[slot] = position;
  }

  /** The handle is read somewhere else from now on; before {@link setPosition}. */
  countJump(slot: number): void {
    Atomics.add(this.#views.jumps, slot, 1);
  }

  /**
   * Leaves a read for {@link HandleTable.takeTold}.
   *
   * @returns whether a message has to be sent; one that is still on its way will find this read in place of its own
   */
  tell(slot: number, offset: number, length: number): boolean {
    this.#views.toldOffsets[slot] = offset;
    this.#views.toldLengths[slot] = length;
    return Atomics.exchange(this.#views.messages, slot, 1) === 0;
  }

  /**
   * True when a read that ends at `end` reached the mark; which is gone then until the main thread sets another. It is cleared
   * before the main thread is told, so a mark that it sets in answer is never lost; one that it sets in between may be, and is
   * set again when the message arrives.
   */
  reachedMark(slot: number, end: number): boolean {
    const { marks } = this.#views;
    const mark = Atomics.load(marks, slot);
    if (mark === NO_MARK || end < (mark >>> 0) * MARK_BYTES) return false;
    Atomics.store(marks, slot, NO_MARK);
    return true;
  }
}
