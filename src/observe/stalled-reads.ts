import type { WaitingRead } from './snapshot.ts';

/** A reader who waits longer notices; the reader of streams lets others have a turn after the same time. */
const STALLED_AFTER_MS = 2000;

/** Whether no byte has come for the read for so long that its reader counts as stalled. @param atMs of the snapshot */
export function isStalled(read: Pick<WaitingRead, 'lastByteMs'>, atMs: number): boolean {
  return atMs - read.lastByteMs >= STALLED_AFTER_MS;
}
