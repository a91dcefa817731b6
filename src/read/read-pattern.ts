import type { ReadRange } from './reader.ts';

/**
 * A place where a handle is read sequentially. A handle has several when two readers take turns on one descriptor, or a demuxer
 * reads sound and picture from far apart.
 */
export interface Cursor {
  /** Where the next read is expected: the end of the farthest one. */
  readonly position: number;
  /** Bytes read in sequence up to there. */
  readonly runBytes: number;
  /** Reads that make up the run. */
  readonly runReads: number;
  /** False from a seek elsewhere until a read comes back to it. */
  readonly active: boolean;
  /** Bytes per second that the reader took lately; undefined until there is something to tell it by. */
  readonly bytesPerSecond: number | undefined;
  /** The reader may have come as far as this with nobody having been told. For whoever asked not to be told to say. */
  mark: number;
}

export type Observation =
  | { readonly kind: 'continues'; readonly cursor: Cursor }
  /** A seek, or the first read: all other cursors are inactive now. */
  | { readonly kind: 'starts'; readonly cursor: Cursor }
  /** A small read near the end of the file, from a player that looks for an index: it says nothing about where reading goes on. */
  | { readonly kind: 'probe' };

export interface ObservedRead extends ReadRange {
  readonly nowMs: number;
  /** The reader has come as far as this by sequential reads that nobody reported, from the cursor that it used last; else 0. */
  readonly silentlyReadTo: number;
}

/** The kernel splits a large read into requests of at most 1 MiB that arrive in any order; readers skip over what they do not need. */
const TOLERANCE_BYTES = 1 << 20;

/** Two interleaved readers and two left-over places. */
const MAX_CURSORS = 4;

/** A player's index probe: a read of its usual buffer size within the last 1 % of the file, at least 1 MiB and at most 16. */
const PROBE_BYTES = 256 << 10;
const tailBytes = (length: number): number => Math.min(Math.max(1 << 20, length / 100), 16 << 20);

/** The rate is taken over at least this long, so that a burst of requests of one read does not look like a fast reader. */
const RATE_SAMPLE_MS = 250;

/** Tells sequential reading from jumping about, for one handle. Pure: it knows only what it was told. */
export class ReadPattern {
  readonly #length: number;
  /** The one used last comes first. */
  readonly #cursors: MutableCursor[] = [];

  constructor(fileLength: number) {
    this.#length = fileLength;
  }

  get cursors(): readonly Cursor[] {
    return this.#cursors;
  }

  observe(read: ObservedRead): Observation {
    const cursor = this.#match(read);
    if (cursor === undefined) return this.#isProbe(read) ? { kind: 'probe' } : this.#start(read);
    advance(cursor, read, cursor === this.#cursors[0] ? read.silentlyReadTo : 0);
    this.#toFront(cursor);
    return { kind: 'continues', cursor };
  }

  /** The nearest cursor that the read begins at, within the tolerance, or between and what was read silently. */
  #match(read: ObservedRead): MutableCursor | undefined {
    let best: MutableCursor | undefined;
    for (const cursor of this.#cursors) {
      const { from, to } = this.#reachOf(cursor, read);
      const near = read.offset >= from && read.offset <= to && cursor;
      if (near && (best === undefined || distance(near, read) < distance(best, read))) best = near;
    }
    return best;
  }

  #reachOf(cursor: MutableCursor, { silentlyReadTo }: ObservedRead): { from: number; to: number } {
    const { position, runBytes, mark } = cursor;
    if (cursor !== this.#cursors[0] || silentlyReadTo === 0) {
      // It comes back to where it was, from a probe for one, not to where it was last heard of.
      return { from: position - TOLERANCE_BYTES, to: Math.max(position, mark) + TOLERANCE_BYTES };
    }
    // Without a jump a read of the run is no step back: its report was overtaken by that of a later one.
    return {
      from: position - Math.max(runBytes, TOLERANCE_BYTES),
      to: Math.max(position, silentlyReadTo) + TOLERANCE_BYTES,
    };
  }

  #isProbe({ offset, length }: ReadRange): boolean {
    // The first read of a handle is where its reader wants to be, also near the end.
    return this.#cursors.length > 0 && length <= PROBE_BYTES && offset >= this.#length - tailBytes(this.#length);
  }

  #start({ offset, length, nowMs }: ObservedRead): Observation {
    for (const cursor of this.#cursors) cursor.active = false;
    const end = offset + length;
    const cursor: MutableCursor = {
      position: end,
      mark: end,
      runBytes: length,
      runReads: 1,
      active: true,
      bytesPerSecond: undefined,
      sampleFrom: { atMs: nowMs, position: end },
    };
    this.#cursors.unshift(cursor);
    this.#cursors.length = Math.min(this.#cursors.length, MAX_CURSORS);
    return { kind: 'starts', cursor };
  }

  #toFront(cursor: MutableCursor): void {
    cursor.active = true;
    if (this.#cursors[0] === cursor) return;
    this.#cursors.splice(this.#cursors.indexOf(cursor), 1);
    this.#cursors.unshift(cursor);
  }
}

interface MutableCursor extends Cursor {
  position: number;
  runBytes: number;
  runReads: number;
  active: boolean;
  bytesPerSecond: number | undefined;
  sampleFrom: { atMs: number; position: number };
}

function distance(cursor: Cursor, read: ReadRange): number {
  return Math.abs(cursor.position - read.offset);
}

function advance(cursor: MutableCursor, read: ObservedRead, silentlyReadTo: number): void {
  const end = Math.max(read.offset + read.length, silentlyReadTo);
  if (end <= cursor.position) return;
  const skipped = Math.max(0, read.offset - Math.max(cursor.position, silentlyReadTo));
  cursor.runBytes += end - cursor.position - skipped;
  cursor.runReads++;
  cursor.position = end;
  measureRate(cursor, read.nowMs);
}

function measureRate(cursor: MutableCursor, nowMs: number): void {
  const elapsedMs = nowMs - cursor.sampleFrom.atMs;
  if (elapsedMs < RATE_SAMPLE_MS) return;
  const rate = ((cursor.position - cursor.sampleFrom.position) * 1000) / elapsedMs;
  cursor.bytesPerSecond = cursor.bytesPerSecond === undefined ? rate : (cursor.bytesPerSecond + rate) / 2;
  cursor.sampleFrom = { atMs: nowMs, position: cursor.position };
}
