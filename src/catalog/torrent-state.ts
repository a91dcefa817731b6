import type { TorrentSummary } from '../engine/index.ts';

/** What a torrent is doing, as people are told. */
export const torrentStates = [
  'resolving', // no metadata yet
  'initializing', // what is on disk is being checked
  'downloading', // bytes are wanted and arrive
  'stalled', // bytes are wanted and none came for the stalled timeout
  'idle', // nothing is wanted
  'seeding', // every piece is held
  'paused',
  'error',
  'unknown', // the engine said nothing for two polls
] as const;

export type TorrentState = (typeof torrentStates)[number];

/** The state, and what has to be remembered to tell the next one. */
export interface StateMemory {
  readonly state: TorrentState;
  /** The last moment at which a byte came, or from which bytes were first wanted; undefined while none are. */
  readonly wantedSinceMs: number | undefined;
  readonly summary: TorrentSummary | undefined;
}

export interface StateObservation {
  readonly nowMs: number;
  readonly hasMetadata: boolean;
  readonly summary: TorrentSummary;
}

export interface StateTiming {
  readonly stalledTimeoutMs: number;
}

/** What a torrent that a poll told of is doing now, given what it did before. Pure. */
export function observeState(before: StateMemory, observed: StateObservation, timing: StateTiming): StateMemory {
  const { summary, hasMetadata, nowMs } = observed;
  const quiet = (state: TorrentState): StateMemory => ({ state, wantedSinceMs: undefined, summary });
  if (summary.state === 'error') return quiet('error');
  if (!hasMetadata) return quiet('resolving');
  if (summary.state !== 'live') return quiet(summary.state);
  if (summary.progressBytes >= summary.totalBytes) return quiet('seeding');
  if (!summary.wantsMore) return quiet('idle');
  const wantedSinceMs = bytesCame(before.summary, summary) ? nowMs : (before.wantedSinceMs ?? nowMs);
  const state = nowMs - wantedSinceMs < timing.stalledTimeoutMs ? 'downloading' : 'stalled';
  return { state, wantedSinceMs, summary };
}

/** How many polls in a row may fail before the torrents' states are no longer believed. */
const SILENT_POLLS_BELIEVED = 1;

/** What a torrent is doing after polls that nobody answered. Pure. */
export function observeSilence(before: StateMemory, silentPolls: number): StateMemory {
  if (silentPolls <= SILENT_POLLS_BELIEVED || before.state === 'resolving') return before;
  return { ...before, state: 'unknown', wantedSinceMs: undefined };
}

/** Counters also fall, when the engine was started anew or lost a piece: no byte came by that. */
function bytesCame(before: TorrentSummary | undefined, now: TorrentSummary): boolean {
  if (now.downloadSpeed > 0) return true;
  return before !== undefined && (now.fetchedBytes > before.fetchedBytes || now.progressBytes > before.progressBytes);
}
