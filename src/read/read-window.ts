import type { Cursor } from './read-pattern.ts';

/** The first window, and the least that a slow reader gets. */
export const FIRST_WINDOW_BYTES = 1 << 20;

/**
 * What must have been read in sequence, in at least two reads, before anything is fetched ahead. More than what `head` or a
 * file-type sniffer takes.
 */
const PROOF_BYTES = 256 << 10;

/** Enough to bridge a short gap in the swarm, little enough to throw away when the viewer leaves. */
const PLAYBACK_SECONDS = 10;

/**
 * How far ahead of the cursor to fetch, in bytes. Pure. It doubles as the run does, from 1 MiB to `maxBytes`, and is never more
 * than some seconds of what the reader really takes: a player of 1 MB/s gets 10 MB, and a paused one no more than that.
 */
export function readWindow(cursor: Cursor, maxBytes: number): number {
  if (!cursor.active || cursor.runReads < 2 || cursor.runBytes < PROOF_BYTES) return 0;
  const proven = Math.max(FIRST_WINDOW_BYTES, 2 * powerOfTwoWithin(cursor.runBytes));
  const paced =
    cursor.bytesPerSecond === undefined
      ? proven
      : Math.max(FIRST_WINDOW_BYTES, cursor.bytesPerSecond * PLAYBACK_SECONDS);
  return Math.floor(Math.min(proven, paced, maxBytes));
}

/** How much of a window may be read before it is worth moving: a message and a new plan each time. */
export function windowStep(windowBytes: number): number {
  return Math.max(256 << 10, windowBytes / 8);
}

function powerOfTwoWithin(bytes: number): number {
  return 2 ** Math.floor(Math.log2(bytes));
}
