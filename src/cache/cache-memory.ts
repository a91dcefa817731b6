/** Bytes of a block: two of the kernel's default reads, a quarter of its largest, and few enough keys for one 32-bit word. */
export const BLOCK_BYTES = 256 << 10;

/**
 * What the two threads share; plain data, made to be posted. `control` holds, in this order:
 *
 *     counters   16 × f64
 *     keys       one i32 a slot: which block the slot holds, 0 for none
 *     pins       one i32 a slot: how many replies copy from it at this moment
 *     uses       one i32 a slot: chances left, and EVER_USED
 *     index      buckets of 8 × i32: slot + 1 of a block whose key hashes there, 0 for none; a hint only
 */
export interface CacheMemory {
  readonly slotCount: number;
  readonly blockBytes: number;
  readonly control: SharedArrayBuffer;
  /** The blocks themselves. Several, because Node's own buffers, and thus `writev`, end at 4 GiB. */
  readonly segments: readonly SharedArrayBuffer[];
}

/** The low bits of a use: how often the clock will still spare the slot. */
export const CHANCES = 3;
/** Put in and not read yet: spared once, or among blocks that are all in use the newest would be the first to go. */
export const FRESH = 1;
/** Was read since it was filled. */
export const EVER_USED = 4;
/** Just read: spared twice, so that a block that is read again and again outlives a long scan. */
export const RECENT = EVER_USED | 2;

const BUCKET_ENTRIES = 8;
const SEGMENT_BYTES = 1 << 30;

/**
 * Names of the counters, in their order in memory. The first three belong to the reading thread, the others to the writing one,
 * so that no two threads ever write the same word.
 */
export const cacheCounterNames = [
  'fastHits', // reads answered whole on the fuse thread
  'fastBytes', // their bytes
  'fastMisses', // reads that had to be forwarded
  'inserted', // blocks put in
  'evicted', // blocks that made room
  'pinnedVictims', // victims that were spared because they were being copied
  'refused', // blocks that found no slot, all of them being copied
  'aheadInserted', // blocks put in by read-ahead
  'aheadWasted', // of them, those that were evicted before anybody read them
] as const;

export type CacheCounterName = (typeof cacheCounterNames)[number];

const COUNTER_BYTES = 16 * 8;

/**
 * Memory for as many whole blocks as fit in `capacityBytes`, not yet resident: pages come with their first use.
 *
 * @param capacityBytes 0 is allowed: a cache that refuses everything
 * @param blockBytes other than {@link BLOCK_BYTES} only in tests; a multiple of 4
 */
export function createCacheMemory(capacityBytes: number, blockBytes = BLOCK_BYTES): CacheMemory {
  const slotCount = Math.floor(capacityBytes / blockBytes);
  const words = 3 * slotCount + bucketCountOf(slotCount) * BUCKET_ENTRIES;
  const segments: SharedArrayBuffer[] = [];
  const perSegment = slotsPerSegment(blockBytes);
  for (let slots = slotCount; slots > 0; slots -= perSegment) {
    segments.push(new SharedArrayBuffer(Math.min(slots, perSegment) * blockBytes));
  }
  return { slotCount, blockBytes, control: new SharedArrayBuffer(COUNTER_BYTES + words * 4), segments };
}

/** Typed views of a {@link CacheMemory} for one thread. */
export class CacheViews {
  readonly slotCount: number;
  readonly blockBytes: number;
  readonly counters: Float64Array;
  readonly keys: Int32Array;
  readonly pins: Int32Array;
  readonly uses: Int32Array;
  readonly index: Int32Array;
  readonly bucketEntries = BUCKET_ENTRIES;
  readonly #segments: readonly SharedArrayBuffer[];
  readonly #slotsPerSegment: number;
  readonly #bucketMask: number;

  constructor(memory: CacheMemory) {
    const { slotCount, control } = memory;
    this.slotCount = slotCount;
    this.blockBytes = memory.blockBytes;
    this.counters = new Float64Array(control, 0, cacheCounterNames.length);
    const column = (number: number): Int32Array =>
      new Int32Array(control, COUNTER_BYTES + number * slotCount * 4, slotCount);
    this.keys = column(0);
    this.pins = column(1);
    this.uses = column(2);
    this.index = new Int32Array(control, COUNTER_BYTES + 3 * slotCount * 4);
    this.#segments = memory.segments;
    this.#slotsPerSegment = slotsPerSegment(memory.blockBytes);
    this.#bucketMask = bucketCountOf(slotCount) - 1;
  }

  /** Index of the first entry of the key's bucket. */
  bucketOf(key: number): number {
    // Fibonacci hashing (Knuth 6.4): neighbouring blocks, the usual case, land in buckets far apart.
    const hash = Math.imul(key, 0x9e3779b1);
    return ((hash >>> 12) & this.#bucketMask) * BUCKET_ENTRIES;
  }

  /** Bytes `[start, end)` of the block in the slot, shared, not copied. */
  slice(slot: number, start: number, end: number): Uint8Array {
    const segment = this.#segments[Math.floor(slot / this.#slotsPerSegment)];
    if (segment === undefined) throw new RangeError(`no slot ${slot}`);
    return new Uint8Array(segment, (slot % this.#slotsPerSegment) * this.blockBytes + start, end - start);
  }

  /** Only by the thread that owns the counter: see {@link cacheCounterNames}. */
  count(name: number, amount = 1): void {
    this.counters[name] = (this.counters[name] ?? 0) + amount;
  }
}

/** Positions in {@link CacheViews.counters}. */
export const counter = Object.fromEntries(cacheCounterNames.map((name, index) => [name, index])) as Record<
  CacheCounterName,
  number
>; // fromEntries forgets the keys

function slotsPerSegment(blockBytes: number): number {
  return Math.floor(SEGMENT_BYTES / blockBytes);
}

/** A power of two with at least four entries a slot, so that a full bucket is rare. */
function bucketCountOf(slotCount: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, slotCount / 2)));
}
