import type { LatencySnapshot } from '../util/latency-histogram.ts';

/**
 * What the observers (metrics, dashboard, explanations) are told of the mount, as plain data. They know no other part: whoever
 * builds the mount gathers these figures from its parts, when asked and never of its own accord.
 */
export interface MountSnapshot {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly mount: MountFacts;
  readonly engine: EngineFigures;
  readonly torrents: readonly TorrentFigures[];
  readonly reads: ReadFigures;
  readonly cache: CacheFigures;
  readonly operations: readonly OperationFigures[];
  readonly threads: readonly ThreadFigures[];
}

export interface MountFacts {
  readonly version: string;
  readonly mountpoint: string;
  readonly readOnly: boolean;
}

export interface EngineFigures {
  /** `embedded`, `rqbit 9.0.1 at http://127.0.0.1:3030`. */
  readonly description: string;
  /** Whether the last poll was answered; not so before the first one. */
  readonly answers: boolean;
  /** Undefined while it answers, and before it was asked; else what it failed with last. */
  readonly failure: EngineFailure | undefined;
  /** Undefined for an engine that has no such thing. */
  readonly breaker?: 'closed' | 'half-open' | 'open' | undefined;
  readonly streams?: { readonly open: number; readonly limit: number; readonly receivedBytes: number } | undefined;
  readonly requests?: readonly EngineRequestFigures[] | undefined;
}

export interface EngineFailure {
  /** A code of EngineError. */
  readonly code: string;
  readonly message: string;
  readonly sinceMs: number;
}

/** Calls of one endpoint of an engine's API. The names of endpoints are few and known, never made from what is asked. */
export interface EngineRequestFigures {
  readonly endpoint: string;
  readonly latencies: LatencySnapshot;
  readonly errors: readonly { readonly code: string; readonly count: number }[];
}

export const observedStates = [
  'resolving',
  'initializing',
  'downloading',
  'stalled',
  'idle',
  'seeding',
  'paused',
  'error',
  'unknown',
] as const;

export type ObservedState = (typeof observedStates)[number];

export interface TorrentFigures {
  readonly infoHash: string;
  /** Of the entry in the mount; hostile all the same where it is shown as markup. */
  readonly name: string;
  readonly state: ObservedState;
  /** Why `state` is `error`, or what the engine last failed with for this torrent. */
  readonly error: string | undefined;
  readonly totalBytes: number;
  readonly progressBytes: number;
  /** 0 to 100, rounded down to hundredths. */
  readonly progressPct: number;
  /** Undefined while the metadata is not known. */
  readonly pieceCount: number | undefined;
  readonly heldPieces: number | undefined;
  readonly peersConnected: number;
  readonly peersKnown: number;
  /** Bytes per second. */
  readonly downloadSpeed: number;
  readonly uploadSpeed: number;
  /** Payload bytes that peers sent since the engine started. */
  readonly fetchedBytes: number;
  readonly addedAtSeconds: number;
  readonly updatedAtMs: number;
}

export interface FileKey {
  readonly infoHash: string;
  readonly fileIndex: number;
}

export interface ReadFigures {
  readonly openFiles: readonly OpenFile[];
  readonly waiting: readonly WaitingRead[];
  /** Byte ranges that are being fetched for readers. */
  readonly fetches: readonly (FileKey & ByteSpan)[];
  readonly counters: ReadCounters;
}

/** File offsets. */
export interface ByteSpan {
  readonly start: number;
  readonly endExclusive: number;
}

export interface OpenFile extends FileKey {
  readonly handle: number;
  /** Relative to the mount point. */
  readonly path: string;
  readonly length: number;
  /** File offset where a sequential read would go on. */
  readonly position: number;
  /** Up to where it is read ahead; `position` when it is not. */
  readonly readAheadEnd: number;
}

export interface WaitingRead extends FileKey, ByteSpan {
  readonly handle: number;
  readonly sinceMs: number;
  /** When the last byte came for it, or when it began. */
  readonly lastByteMs: number;
  /** How long it may go without a byte. */
  readonly timeoutMs: number;
}

/** Since the mount began. */
export interface ReadCounters {
  /** From arrival to reply, of reads that were not answered from the cache at once. */
  readonly waits: LatencySnapshot;
  /** From the arrival of such a read to the first byte that came for it. */
  readonly firstBytes: LatencySnapshot;
  readonly deliveredBytes: number;
  /** Taken from the engine for readers, and from files on this machine. */
  readonly engineBytes: number;
  readonly localBytes: number;
  /** Fetched before it was asked for: in all, those read afterwards, and those dropped unread. */
  readonly readAheadBytes: number;
  readonly readAheadUsedBytes: number;
  readonly readAheadWastedBytes: number;
  /** Failed reads, by the code of their error. */
  readonly failures: readonly { readonly code: string; readonly count: number }[];
}

export interface CacheFigures {
  /** Reads that it answered at once, their bytes, and those that it could not answer. */
  readonly hits: number;
  readonly hitBytes: number;
  readonly misses: number;
  /** Blocks that made room for others. */
  readonly evictions: number;
  readonly usedBytes: number;
  readonly capacityBytes: number;
}

/** Fits `OperationTotals` of the FUSE server, with its names in place of numbers. */
export interface OperationFigures {
  /** The kernel's name, such as `READ`. */
  readonly operation: string;
  readonly lane: string;
  readonly count: number;
  readonly forwarded: number;
  readonly inFlight: number;
  readonly bytes: number;
  readonly latencies: LatencySnapshot;
  /** By name, such as `ENOENT`. */
  readonly errors: readonly { readonly errno: string; readonly count: number }[];
}

export interface ThreadFigures {
  readonly name: string;
  readonly cpuSeconds: number;
}

/** A file of a torrent, for lists. */
export interface FileFigures extends FileKey {
  /** Relative to the mount point. */
  readonly path: string;
  readonly length: number;
}

/** Which connected peers have the pieces that a file lacks, as far as they have told. */
export interface HolderFigures {
  /** How many missing pieces it is about: the first thousands of them at most. */
  readonly asked: number;
  /** How many of the peers have the rarest of them. */
  readonly rarest: number;
  /** Peers that have one of them or more. */
  readonly peerCount: number;
  /** Those with the most of them first; only a few of many. */
  readonly peers: readonly { readonly address: string; readonly pieces: number }[];
}

/** Which pieces a file spans, and which of them are held. */
export interface FilePieces extends FileKey {
  readonly path: string;
  readonly length: number;
  readonly pieceLength: number;
  /** Which of the torrent's pieces is the first that the file touches. */
  readonly firstPiece: number;
  /** Bytes of the first piece that lie before the file. */
  readonly leadBytes: number;
  readonly pieceCount: number;
  /** One bit for each of the file's pieces, most significant bit first. */
  readonly bitfield: Uint8Array;
}
