import type { LatencySnapshot } from '../util/latency-histogram.ts';
import type { MetricKey } from './metric-names.ts';
import type { ProcessFigures } from './process-figures.ts';
import { type MountSnapshot, observedStates, type TorrentFigures } from './snapshot.ts';
import { isStalled } from './stalled-reads.ts';

/** One line of a counter or gauge, or the lines of one histogram. */
export type MetricSample =
  | { readonly labels: MetricLabels; readonly value: number }
  | { readonly labels: MetricLabels; readonly latencies: LatencySnapshot };

export type MetricLabels = Readonly<Record<string, string>>;

/** What each metric shows of a snapshot; nothing at all where the mount has no such thing. */
export const metricSamples: Record<MetricKey, (snapshot: MountSnapshot, process: ProcessFigures) => MetricSample[]> = {
  info: ({ mount, engine }) => [{ labels: { version: mount.version, engine: engine.description }, value: 1 }],

  operations: ({ operations }) =>
    operations.map(({ operation, lane, count }) => ({ labels: { operation, lane }, value: count })),
  operationErrors: ({ operations }) =>
    summed(
      operations.flatMap(row =>
        row.errors.map(({ errno, count }) => ({ labels: { operation: row.operation, errno }, value: count })),
      ),
    ),
  operationDuration: ({ operations }) =>
    operations
      .filter(row => row.count > 0)
      .map(({ operation, lane, latencies }) => ({ labels: { operation, lane }, latencies })),
  operationsForwarded: ({ operations }) =>
    summed(
      operations
        .filter(row => row.forwarded > 0)
        .map(row => ({ labels: { operation: row.operation }, value: row.forwarded })),
    ),
  operationsInFlight: ({ operations }) =>
    summed(operations.map(row => ({ labels: { operation: row.operation }, value: row.inFlight }))),
  readBytes: ({ operations }) =>
    one(
      sum(
        operations.filter(row => row.operation === 'READ'),
        row => row.bytes,
      ),
    ),

  readWait: ({ reads }) => [{ labels: {}, latencies: reads.counters.waits }],
  firstByte: ({ reads }) => [{ labels: {}, latencies: reads.counters.firstBytes }],
  readFailures: ({ reads }) => reads.counters.failures.map(({ code, count }) => ({ labels: { code }, value: count })),
  openFiles: ({ reads }) => one(reads.openFiles.length),
  readsWaiting: ({ reads }) => one(reads.waiting.length),
  readersStalled: ({ reads, atMs }) =>
    one(new Set(reads.waiting.filter(read => isStalled(read, atMs)).map(read => read.handle)).size),
  fetchesInFlight: ({ reads }) => one(reads.fetches.length),
  fetchBytesInFlight: ({ reads }) => one(sum(reads.fetches, span => span.endExclusive - span.start)),
  deliveredBytes: ({ reads }) => one(reads.counters.deliveredBytes),
  fetchedBytes: ({ reads }) => [
    { labels: { source: 'engine' }, value: reads.counters.engineBytes },
    { labels: { source: 'local' }, value: reads.counters.localBytes },
  ],
  overDownload: ({ reads: { counters } }) =>
    counters.deliveredBytes === 0 ? [] : one((counters.engineBytes + counters.localBytes) / counters.deliveredBytes),
  readAheadBytes: ({ reads }) => one(reads.counters.readAheadBytes),
  readAheadUsed: ({ reads }) => one(reads.counters.readAheadUsedBytes),
  readAheadWasted: ({ reads }) => one(reads.counters.readAheadWastedBytes),

  cacheHits: ({ cache }) => one(cache.hits),
  cacheHitBytes: ({ cache }) => one(cache.hitBytes),
  cacheMisses: ({ cache }) => one(cache.misses),
  cacheEvictions: ({ cache }) => one(cache.evictions),
  cacheUsed: ({ cache }) => one(cache.usedBytes),
  cacheCapacity: ({ cache }) => one(cache.capacityBytes),

  engineUp: ({ engine }) => one(engine.answers ? 1 : 0),
  engineBreaker: ({ engine }) =>
    engine.breaker === undefined
      ? []
      : ['closed', 'half-open', 'open'].map(state => ({ labels: { state }, value: state === engine.breaker ? 1 : 0 })),
  engineStreams: ({ engine }) => optional(engine.streams?.open),
  engineStreamLimit: ({ engine }) => optional(engine.streams?.limit),
  engineStreamBytes: ({ engine }) => optional(engine.streams?.receivedBytes),
  engineRequestDuration: ({ engine }) =>
    (engine.requests ?? []).map(({ endpoint, latencies }) => ({ labels: { endpoint }, latencies })),
  engineRequestErrors: ({ engine }) =>
    (engine.requests ?? []).flatMap(({ endpoint, errors }) =>
      errors.map(({ code, count }) => ({ labels: { endpoint, code }, value: count })),
    ),

  torrents: ({ torrents }) =>
    observedStates.map(state => ({
      labels: { state },
      value: torrents.filter(torrent => torrent.state === state).length,
    })),
  peers: ({ torrents }) => one(sum(torrents, torrent => torrent.peersConnected)),
  downloadSpeed: ({ torrents }) => one(sum(torrents, torrent => torrent.downloadSpeed)),
  uploadSpeed: ({ torrents }) => one(sum(torrents, torrent => torrent.uploadSpeed)),
  torrentProgress: ({ torrents }) => perTorrent(torrents, progress),
  torrentPeers: ({ torrents }) => perTorrent(torrents, some => sum(some, torrent => torrent.peersConnected)),
  torrentSpeed: ({ torrents }) => perTorrent(torrents, some => sum(some, torrent => torrent.downloadSpeed)),

  threadCpu: ({ threads }) => threads.map(({ name, cpuSeconds }) => ({ labels: { thread: name }, value: cpuSeconds })),
  eventLoopBusy: (_, process) => one(process.eventLoopBusySeconds),
  processCpu: (_, process) => one(process.cpuSeconds),
  processResident: (_, process) => one(process.residentBytes),
  processHeap: (_, process) => one(process.heapBytes),
  processDescriptors: (_, process) => one(process.openDescriptors),
  processStart: (_, process) => one(process.startedAtSeconds),
};

/** Bounds the number of series, however many torrents a mount has. */
const torrentSeries = 50;

function one(value: number): MetricSample[] {
  return [{ labels: {}, value }];
}

function optional(value: number | undefined): MetricSample[] {
  return value === undefined ? [] : one(value);
}

/** One line for each set of labels: a series may not stand twice in the output. */
function summed(lines: readonly { readonly labels: MetricLabels; readonly value: number }[]): MetricSample[] {
  const byLabels = new Map<string, { labels: MetricLabels; value: number }>();
  for (const { labels, value } of lines) {
    const key = JSON.stringify(labels);
    byLabels.set(key, { labels, value: value + (byLabels.get(key)?.value ?? 0) });
  }
  return [...byLabels.values()];
}

function perTorrent(
  torrents: readonly TorrentFigures[],
  value: (some: readonly TorrentFigures[]) => number,
): MetricSample[] {
  const busiest = torrents.toSorted(
    (a, b) =>
      b.downloadSpeed - a.downloadSpeed || b.peersConnected - a.peersConnected || b.addedAtSeconds - a.addedAtSeconds,
  );
  const shown = busiest.slice(0, torrentSeries);
  const rest = busiest.slice(torrentSeries);
  return [
    ...shown.map(torrent => ({ labels: { info_hash: torrent.infoHash, name: torrent.name }, value: value([torrent]) })),
    ...(rest.length === 0 ? [] : [{ labels: { info_hash: 'other', name: 'other' }, value: value(rest) }]),
  ];
}

/** Of several torrents: weighted by their size. */
function progress(torrents: readonly TorrentFigures[]): number {
  const total = sum(torrents, torrent => torrent.totalBytes);
  return total === 0 ? 0 : sum(torrents, torrent => torrent.progressBytes) / total;
}

function sum<T>(rows: readonly T[], value: (row: T) => number): number {
  return rows.reduce((total, row) => total + value(row), 0);
}
