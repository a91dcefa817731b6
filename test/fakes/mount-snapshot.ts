import type { MountSnapshot, OperationFigures, ReadFigures, TorrentFigures } from '../../src/observe/snapshot.ts';
import { LatencyHistogram, noLatencies } from '../../src/util/latency-histogram.ts';

/** A quiet mount in which nothing happened yet; tests say what is different. */
export function mountSnapshot(changes: Partial<MountSnapshot> = {}): MountSnapshot {
  return {
    atMs: 1_700_000_000_000,
    mount: { version: '1.2.3', mountpoint: '/mnt/torrents', readOnly: false },
    engine: { description: 'fake', answers: true, failure: undefined },
    torrents: [],
    reads: readFigures(),
    cache: { hits: 0, hitBytes: 0, misses: 0, evictions: 0, usedBytes: 0, capacityBytes: 256 * 2 ** 20 },
    operations: [],
    threads: [],
    ...changes,
  };
}

export function torrentFigures(changes: Partial<TorrentFigures> = {}): TorrentFigures {
  return {
    infoHash: '1'.repeat(40),
    name: 'sample',
    state: 'idle',
    error: undefined,
    totalBytes: 1000,
    progressBytes: 250,
    progressPct: 25,
    pieceCount: 4,
    heldPieces: 1,
    peersConnected: 0,
    peersKnown: 0,
    downloadSpeed: 0,
    uploadSpeed: 0,
    fetchedBytes: 0,
    addedAtSeconds: 1_600_000_000,
    updatedAtMs: 1_700_000_000_000,
    ...changes,
  };
}

export function readFigures(changes: Partial<ReadFigures> = {}): ReadFigures {
  return {
    openFiles: [],
    waiting: [],
    fetches: [],
    counters: {
      waits: noLatencies,
      firstBytes: noLatencies,
      deliveredBytes: 0,
      engineBytes: 0,
      localBytes: 0,
      readAheadBytes: 0,
      readAheadUsedBytes: 0,
      readAheadWastedBytes: 0,
      failures: [],
    },
    ...changes,
  };
}

export function operationFigures(changes: Partial<OperationFigures> = {}): OperationFigures {
  return {
    operation: 'READ',
    lane: 'fast',
    count: 0,
    forwarded: 0,
    inFlight: 0,
    bytes: 0,
    latencies: noLatencies,
    errors: [],
    ...changes,
  };
}

export function latenciesOf(...milliseconds: readonly number[]) {
  const histogram = new LatencyHistogram();
  for (const one of milliseconds) histogram.record(one);
  return histogram.snapshot();
}
