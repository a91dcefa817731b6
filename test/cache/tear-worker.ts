import { parentPort, workerData } from 'node:worker_threads';
import { type CacheMemory, CacheViews } from '../../src/cache/cache-memory.ts';
import { CacheReader } from '../../src/cache/cache-reader.ts';
import { CacheWriter } from '../../src/cache/cache-writer.ts';

/** How the pin protocol is run: by the classes of the cache, or by the same steps with one of them left out. */
export const variants = {
  cache: undefined,
  'the same steps, written out': { pins: true, recheck: true, atomic: true, clearFirst: true },
  'no pins': { pins: false, recheck: true, atomic: true, clearFirst: true },
  'no second look at the key': { pins: true, recheck: false, atomic: true, clearFirst: true },
  'plain loads and stores': { pins: true, recheck: true, atomic: false, clearFirst: true },
  'pins looked at before the key is cleared': { pins: true, recheck: true, atomic: true, clearFirst: false },
} as const;

export type VariantName = keyof typeof variants;

interface Steps {
  readonly pins: boolean;
  readonly recheck: boolean;
  readonly atomic: boolean;
  readonly clearFirst: boolean;
}

export interface TearJob {
  readonly role: 'reader' | 'writer';
  readonly variant: VariantName;
  readonly memory: CacheMemory;
  /** One i32: 1 once the job is over. */
  readonly stop: SharedArrayBuffer;
  readonly wantedReads: number;
  /** So many will do where the machine is busy: see `busyMs`. */
  readonly enoughReads: number;
  /** How long the reader tries for more than are enough. */
  readonly busyMs: number;
}

export interface TearResult {
  readonly reads: number;
  /** Reads that saw a word of another block. */
  readonly torn: number;
}

/** Reads between two looks at the clock, which takes longer than a read. */
const LOOK_EVERY = 1024;

/** Twice as many blocks as slots, so that about half of the reads hit and every fill evicts. */
const BLOCKS_PER_SLOT = 2;

// Every word of block k is k: a single foreign word shows.
if (parentPort !== null) {
  const job: TearJob = workerData;
  const stop = new Int32Array(job.stop);
  const steps = variants[job.variant];
  if (job.role === 'writer') write(job, stop, steps);
  else parentPort.postMessage(read(job, stop, steps));
}

function write(job: TearJob, stop: Int32Array, steps: Steps | undefined): void {
  const views = new CacheViews(job.memory);
  const writer = new CacheWriter(job.memory);
  const random = randomOf(1);
  const words = new Int32Array(job.memory.blockBytes / 4);
  const bytes = new Uint8Array(words.buffer);
  const blocks = job.memory.slotCount * BLOCKS_PER_SLOT;
  while (Atomics.load(stop, 0) === 0) {
    const key = 1 + (random() % blocks);
    words.fill(key);
    if (steps === undefined) writer.put(key, bytes, false);
    else fill(views, steps, key, bytes);
  }
}

function read(job: TearJob, stop: Int32Array, steps: Steps | undefined): TearResult {
  const views = new CacheViews(job.memory);
  const reader = new CacheReader(job.memory);
  const random = randomOf(2);
  const blocks = job.memory.slotCount * BLOCKS_PER_SLOT;
  const busyAtMs = performance.now() + job.busyMs;
  let reads = 0;
  let torn = 0;
  while (Atomics.load(stop, 0) === 0) {
    const key = 1 + (random() % blocks);
    const clean = steps === undefined ? readThroughCache(reader, key) : readBySteps(views, steps, key);
    if (clean === undefined) continue;
    reads++;
    if (!clean) torn++;
    if (reads >= job.wantedReads || (torn > 0 && steps !== undefined)) break;
    if (reads >= job.enoughReads && reads % LOOK_EVERY === 0 && performance.now() >= busyAtMs) break;
  }
  Atomics.store(stop, 0, 1);
  return { reads, torn };
}

function readThroughCache(reader: CacheReader, key: number): boolean | undefined {
  const slot = reader.pin(key);
  if (slot < 0) return undefined;
  try {
    return isWhole(reader.slice(slot, 0, reader.blockBytes), key);
  } finally {
    reader.unpin(slot);
  }
}

function readBySteps(views: CacheViews, steps: Steps, key: number): boolean | undefined {
  const slot = key % views.slotCount;
  const { keys, pins } = views;
  if (load(steps, keys, slot) !== key) return undefined;
  if (steps.pins) add(steps, pins, slot, 1);
  try {
    if (steps.recheck && load(steps, keys, slot) !== key) return undefined;
    return isWhole(views.slice(slot, 0, views.blockBytes), key);
  } finally {
    if (steps.pins) add(steps, pins, slot, -1);
  }
}

function fill(views: CacheViews, steps: Steps, key: number, bytes: Uint8Array): void {
  const slot = key % views.slotCount;
  const { keys, pins } = views;
  const old = load(steps, keys, slot);
  if (steps.clearFirst) store(steps, keys, slot, 0);
  if (load(steps, pins, slot) !== 0) {
    store(steps, keys, slot, old);
    return;
  }
  if (!steps.clearFirst) store(steps, keys, slot, 0);
  views.slice(slot, 0, bytes.length).set(bytes);
  store(steps, keys, slot, key);
}

function isWhole(bytes: Uint8Array, key: number): boolean {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let index = 0; index < words.length; index++) if (words[index] !== key) return false;
  return true;
}

function load(steps: Steps, words: Int32Array, index: number): number {
  return steps.atomic ? Atomics.load(words, index) : (words[index] ?? 0);
}

function store(steps: Steps, words: Int32Array, index: number, value: number): void {
  if (steps.atomic) Atomics.store(words, index, value);
  else words[index] = value;
}

function add(steps: Steps, words: Int32Array, index: number, amount: number): void {
  if (steps.atomic) Atomics.add(words, index, amount);
  else words[index] = (words[index] ?? 0) + amount;
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
