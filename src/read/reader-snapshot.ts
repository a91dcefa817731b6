import type { CacheStatistics } from '../cache/cache-writer.ts';
import type { FileId } from '../engine/index.ts';
import type { OpenFile, Traffic } from './open-file.ts';
import type { OpenHandle } from './open-handle.ts';
import type { ReadPolicy, ReadRange } from './reader.ts';

/** Gauges and counters of the read path. All gauges but the open ones are zero when nobody reads. */
export interface ReaderStatistics {
  readonly openHandles: number;
  readonly openFiles: number;
  readonly openStreams: number;
  readonly waitingReads: number;
  /** Reads that admission turned away, since the start. */
  readonly refusedReads: number;
  /** Blocks under assembly that hold memory. */
  readonly assemblies: number;
  /** Bytes granted to read-ahead windows. */
  readonly windowBytes: number;
  /** Bytes held by answers that are complete in part. */
  readonly replyBytes: number;
  /** Bytes held by reads of local files. */
  readonly localBytes: number;
  readonly traffic: Readonly<Traffic>;
  readonly cache: CacheStatistics;
}

/** What one handle does and waits for. */
export interface HandleSnapshot {
  readonly handle: number;
  readonly file: FileId;
  /** Of the file, in bytes. */
  readonly length: number;
  readonly policy: ReadPolicy;
  /** Where a sequential read would go on. */
  readonly position: number;
  /** What the main thread was last told of. */
  readonly lastRead: ReadRange | undefined;
  readonly waiting: readonly WaitingRead[];
  readonly streams: readonly StreamSnapshot[];
  readonly windows: readonly { readonly position: number; readonly end: number }[];
}

export interface WaitingRead {
  readonly offset: number;
  readonly length: number;
  readonly waitedMs: number;
  /** Until it fails, if not one byte comes. */
  readonly deadlineInMs: number;
}

/** An engine stream of the handle's file; other handles may share it. */
export interface StreamSnapshot {
  readonly position: number;
  readonly end: number;
}

interface Surroundings {
  readonly nowMs: number;
  readonly position: number;
  /** Those of the file, which all its handles share. */
  readonly streams: readonly StreamSnapshot[];
}

export function describeStreams(file: OpenFile): StreamSnapshot[] {
  return file.streams.map(({ position, end }) => ({ position, end }));
}

export function describeHandle(open: OpenHandle, { nowMs, position, streams }: Surroundings): HandleSnapshot {
  return {
    handle: open.handle,
    file: open.file.id,
    length: open.file.layout.length,
    policy: open.policy,
    position,
    lastRead: open.lastRead,
    waiting: [...open.pending].map(([read, { sinceMs, deadline }]) => ({
      offset: read.from,
      length: read.to - read.from,
      waitedMs: nowMs - sinceMs,
      deadlineInMs: deadline.atMs - nowMs,
    })),
    streams,
    windows: [...open.readAhead.windows].map(({ cursor, end }) => ({ position: cursor.position, end })),
  };
}
