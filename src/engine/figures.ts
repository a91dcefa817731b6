import type { LatencySnapshot } from '../util/latency-histogram.ts';

/** What an engine tells of its own workings, for metrics. Nothing is decided by it. */
export interface EngineFigures {
  /** The circuit breaker before the server; of an engine that has a server. */
  readonly breaker?: 'closed' | 'half-open' | 'open' | undefined;
  /** Bytes are those of files that came over the network since the start, also those that nobody wanted in the end. */
  readonly streams?: { readonly open: number; readonly limit: number; readonly receivedBytes: number } | undefined;
  readonly requests?: readonly EngineRequestFigures[] | undefined;
  /** The threads of this process that are the engine's alone. */
  readonly threads?: readonly EngineThread[] | undefined;
}

export interface EngineThread {
  readonly name: string;
  /** See `util/os-thread.ts`. */
  readonly osThread: number;
}

/** Calls of one kind, since the engine started. */
export interface EngineRequestFigures {
  /** One of few, such as `GET /torrents/{torrent}/haves`: nothing of what is asked for is in it. */
  readonly endpoint: string;
  /** Of those that were answered, and those that failed. */
  readonly latencies: LatencySnapshot;
  /** By EngineErrorCode; `cancelled` when whoever asked had gone. */
  readonly errors: readonly { readonly code: string; readonly count: number }[];
}
