import {
  addLatencies,
  type LatencySnapshot,
  latenciesSince,
  latencyQuantile,
  noLatencies,
} from '../util/latency-histogram.ts';
import type { MountSnapshot } from './snapshot.ts';

/** What happened in one interval. */
export interface HistorySample {
  /** Milliseconds since 1970, at the end of it. */
  readonly atMs: number;
  /** Bytes per second given to the kernel. */
  readonly readSpeed: number;
  /** Bytes per second from peers. */
  readonly downloadSpeed: number;
  /** Seconds; undefined when nothing was read. */
  readonly latencyP50: number | undefined;
  readonly latencyP99: number | undefined;
  /** 0–1; undefined when the cache was not asked. */
  readonly hitRate: number | undefined;
}

/** Turns counters that only grow into what happened of late. Keeps the last samples, oldest first. */
export class History {
  readonly #capacity: number;
  readonly #samples: HistorySample[] = [];
  #previous: Totals | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get samples(): readonly HistorySample[] {
    return this.#samples;
  }

  /** @returns undefined for the first snapshot, with which nothing can be compared */
  take(snapshot: MountSnapshot): HistorySample | undefined {
    const now = totalsOf(snapshot);
    const previous = this.#previous;
    this.#previous = now;
    if (previous === undefined || now.atMs <= previous.atMs) return undefined;
    const sample = sampleBetween(previous, now);
    this.#samples.push(sample);
    if (this.#samples.length > this.#capacity) this.#samples.shift();
    return sample;
  }
}

interface Totals {
  readonly atMs: number;
  readonly readBytes: number;
  readonly latencies: LatencySnapshot;
  readonly hits: number;
  readonly misses: number;
  readonly downloadSpeed: number;
}

function totalsOf({ atMs, operations, cache, torrents }: MountSnapshot): Totals {
  const reads = operations.filter(row => row.operation === 'READ');
  return {
    atMs,
    readBytes: reads.reduce((sum, row) => sum + row.bytes, 0),
    latencies: reads.map(row => row.latencies).reduce(addLatencies, noLatencies),
    hits: cache.hits,
    misses: cache.misses,
    downloadSpeed: torrents.reduce((sum, torrent) => sum + torrent.downloadSpeed, 0),
  };
}

function sampleBetween(earlier: Totals, now: Totals): HistorySample {
  const latencies = latenciesSince(earlier.latencies, now.latencies);
  const hits = now.hits - earlier.hits;
  const asked = hits + now.misses - earlier.misses;
  return {
    atMs: now.atMs,
    readSpeed: ((now.readBytes - earlier.readBytes) * 1000) / (now.atMs - earlier.atMs),
    downloadSpeed: now.downloadSpeed,
    latencyP50: latencyQuantile(latencies, 0.5),
    latencyP99: latencyQuantile(latencies, 0.99),
    hitRate: asked > 0 ? hits / asked : undefined,
  };
}
