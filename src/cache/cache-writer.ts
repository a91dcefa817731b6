import {
  type CacheCounterName,
  type CacheMemory,
  CacheViews,
  CHANCES,
  cacheCounterNames,
  counter,
  EVER_USED,
  FRESH,
  RECENT,
} from './cache-memory.ts';

export interface CacheStatistics extends Readonly<Record<CacheCounterName, number>> {
  readonly capacityBytes: number;
  /** Bytes of the slots that hold a block. */
  readonly usedBytes: number;
  /** Blocks that read-ahead put in and somebody has read, as far as they are still here. */
  readonly aheadUsedHere: number;
  /** Those that nobody has read yet. */
  readonly aheadUnusedHere: number;
}

/**
 * The writing half of the block cache, and all of it for the thread that writes: its own map is exact, where the shared index
 * is only a hint. Never waits. See {@link CacheReader} for the protocol.
 *
 * Bounded by the memory it was given. Eviction is by clock: the hand spares a block once when it is new, twice when it was just read.
 */
export class CacheWriter {
  readonly #views: CacheViews;
  /** Signed key → slot. */
  readonly #slots: Map<number, number> = new Map();
  /** Slots filled by read-ahead. */
  readonly #ahead: Uint8Array;
  #hand = 0;

  constructor(memory: CacheMemory) {
    this.#views = new CacheViews(memory);
    this.#ahead = new Uint8Array(memory.slotCount);
  }

  get blockBytes(): number {
    return this.#views.blockBytes;
  }

  get capacityBytes(): number {
    return this.#views.slotCount * this.#views.blockBytes;
  }

  has(key: number): boolean {
    return this.#slots.has(key | 0);
  }

  /** The block's memory, to be copied from before the next {@link put}: no pin protects it. Counts as a use. */
  get(key: number): Uint8Array | undefined {
    const slot = this.#slots.get(key | 0);
    if (slot === undefined) return undefined;
    Atomics.store(this.#views.uses, slot, RECENT);
    return this.#views.slice(slot, 0, this.#views.blockBytes);
  }

  /**
   * Puts a block in. The last block of a file is shorter than the others.
   *
   * @param ahead whether read-ahead wanted it, not a reader
   * @returns false when every slot is being copied from, or there is none: the caller serves from its own memory
   */
  put(key: number, bytes: Uint8Array, ahead: boolean): boolean {
    const signedKey = key | 0;
    if (this.#slots.has(signedKey)) return true;
    const slot = this.#claimSlot();
    if (slot === undefined) {
      this.#views.count(counter.refused);
      return false;
    }
    this.#views.slice(slot, 0, bytes.length).set(bytes);
    this.#publish(slot, signedKey, ahead);
    return true;
  }

  statistics(): CacheStatistics {
    const counted = Object.fromEntries(
      cacheCounterNames.map((name, index) => [name, this.#views.counters[index] ?? 0]),
    ) as Record<CacheCounterName, number>; // fromEntries forgets the keys
    let aheadHere = 0;
    let aheadUsedHere = 0;
    for (const slot of this.#slots.values()) {
      if (!this.#ahead[slot]) continue;
      aheadHere++;
      if (this.#wasUsed(slot)) aheadUsedHere++;
    }
    return {
      ...counted,
      capacityBytes: this.capacityBytes,
      usedBytes: this.#slots.size * this.#views.blockBytes,
      aheadUsedHere,
      aheadUnusedHere: aheadHere - aheadUsedHere,
    };
  }

  /** @throws Error when map and slots contradict each other, or a slot is pinned while nobody reads */
  checkInvariants(): void {
    const { keys, pins, slotCount } = this.#views;
    let held = 0;
    for (let slot = 0; slot < slotCount; slot++) {
      const key = keys[slot] ?? 0;
      if (key !== 0) held++;
      if (key !== 0 && this.#slots.get(key) !== slot) throw new Error(`slot ${slot} holds ${key}, unknown to the map`);
      if (pins[slot] !== 0) throw new Error(`slot ${slot} has ${pins[slot]} pins`);
    }
    if (held !== this.#slots.size) throw new Error(`${held} slots are filled, the map has ${this.#slots.size}`);
  }

  /** An empty slot that no reader can copy from: its key is 0. */
  #claimSlot(): number | undefined {
    const { keys, pins, slotCount } = this.#views;
    // The first two rounds may do nothing but take away every block's chances.
    for (let step = 0; step < 3 * slotCount; step++) {
      const slot = this.#hand;
      this.#hand = (slot + 1) % slotCount;
      if (this.#isSpared(slot)) continue;
      const key = Atomics.load(keys, slot);
      Atomics.store(keys, slot, 0);
      if (Atomics.load(pins, slot) === 0) {
        if (key !== 0) this.#evicted(slot, key);
        return slot;
      }
      Atomics.store(keys, slot, key);
      this.#views.count(counter.pinnedVictims);
    }
    return undefined;
  }

  #isSpared(slot: number): boolean {
    const { uses } = this.#views;
    const use = Atomics.load(uses, slot);
    if ((use & CHANCES) === 0) return false;
    Atomics.store(uses, slot, use - 1);
    return true;
  }

  #evicted(slot: number, key: number): void {
    this.#slots.delete(key);
    this.#views.count(counter.evicted);
    if (this.#ahead[slot] && !this.#wasUsed(slot)) this.#views.count(counter.aheadWasted);
  }

  #publish(slot: number, key: number, ahead: boolean): void {
    Atomics.store(this.#views.uses, slot, FRESH);
    Atomics.store(this.#views.keys, slot, key);
    this.#slots.set(key, slot);
    this.#hint(slot, key);
    this.#ahead[slot] = ahead ? 1 : 0;
    this.#views.count(counter.inserted);
    if (ahead) this.#views.count(counter.aheadInserted);
  }

  /** Over a hint that is free or false; in a full bucket over any, which costs the other block a detour through this thread. */
  #hint(slot: number, key: number): void {
    const { index, keys, bucketEntries } = this.#views;
    const first = this.#views.bucketOf(key);
    let chosen = first + (slot % bucketEntries);
    for (let entry = first; entry < first + bucketEntries; entry++) {
      const other = (index[entry] ?? 0) - 1;
      if (other === slot) return;
      const otherKey = other < 0 ? 0 : (keys[other] ?? 0);
      if (otherKey === 0 || this.#views.bucketOf(otherKey) !== first) chosen = entry;
    }
    Atomics.store(index, chosen, slot + 1);
  }

  #wasUsed(slot: number): boolean {
    return (Atomics.load(this.#views.uses, slot) & EVER_USED) !== 0;
  }
}
