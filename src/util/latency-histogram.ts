/**
 * Durations counted in buckets that double: bucket `i` holds those under 2^i µs, the last one all that is longer. Recording
 * costs one `clz32` and two additions and allocates nothing, so it may stand in hot paths. The cells may lie in shared
 * memory: they have one writer and need no atomics, because readers only ever show them, and an aligned 64-bit store does
 * not tear.
 */
export class LatencyHistogram {
  readonly #cells: Float64Array;

  /** @param cells {@link latencyCells} numbers, zeroed, which this histogram alone writes */
  constructor(cells: Float64Array = new Float64Array(latencyCells)) {
    this.#cells = cells;
  }

  record(milliseconds: number): void {
    const bucket = 1 + latencyBucket(milliseconds);
    this.#cells[0] = (this.#cells[0] as number) + milliseconds;
    this.#cells[bucket] = (this.#cells[bucket] as number) + 1;
  }

  snapshot(): LatencySnapshot {
    return { sumSeconds: (this.#cells[0] as number) / 1000, counts: Array.from(this.#cells.subarray(1)) };
  }
}

/** 2^26 µs is 67 s: longer than the default deadline of a read. */
export const latencyBuckets = 28;
/** Numbers that a histogram needs: the sum in milliseconds, and the buckets. */
export const latencyCells = 1 + latencyBuckets;

export interface LatencySnapshot {
  readonly sumSeconds: number;
  /** Durations by bucket, not cumulative. */
  readonly counts: readonly number[];
}

export const noLatencies: LatencySnapshot = { sumSeconds: 0, counts: new Array(latencyBuckets).fill(0) };

/** Which bucket counts a duration, from 0 on. @param milliseconds 0 or more; fractions count */
export function latencyBucket(milliseconds: number): number {
  const micros = milliseconds * 1000;
  return micros < 2 ** 26 ? 32 - Math.clz32(micros) : latencyBuckets - 1;
}

/** Seconds at which a bucket ends; Infinity for the last. */
export function latencyBucketEnd(bucket: number): number {
  return bucket < latencyBuckets - 1 ? 2 ** bucket / 1e6 : Number.POSITIVE_INFINITY;
}

export function addLatencies(a: LatencySnapshot, b: LatencySnapshot): LatencySnapshot {
  return { sumSeconds: a.sumSeconds + b.sumSeconds, counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)) };
}

/** What was recorded between two snapshots of one histogram. */
export function latenciesSince(earlier: LatencySnapshot, now: LatencySnapshot): LatencySnapshot {
  return {
    sumSeconds: now.sumSeconds - earlier.sumSeconds,
    counts: now.counts.map((count, i) => count - (earlier.counts[i] ?? 0)),
  };
}

export function latencyCount(snapshot: LatencySnapshot): number {
  return snapshot.counts.reduce((sum, count) => sum + count, 0);
}

/**
 * The duration in seconds below which the share `quantile` (0–1) lies, interpolated within its bucket: off by at most a factor of two.
 *
 * @returns undefined when nothing was recorded
 */
export function latencyQuantile(snapshot: LatencySnapshot, quantile: number): number | undefined {
  const total = latencyCount(snapshot);
  if (total <= 0) return undefined;
  let below = 0;
  for (const [bucket, count] of snapshot.counts.entries()) {
    if (count > 0 && below + count >= quantile * total) return within(bucket, (quantile * total - below) / count);
    below += count;
  }
  return latencyBucketEnd(latencyBuckets - 2);
}

function within(bucket: number, share: number): number {
  if (bucket === latencyBuckets - 1) return latencyBucketEnd(bucket - 1);
  const start = bucket === 0 ? 0 : latencyBucketEnd(bucket - 1);
  return start + share * (latencyBucketEnd(bucket) - start);
}
