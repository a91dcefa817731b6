import type { Explanation } from './explain.ts';
import { advice, headline } from './explain-text.ts';
import type { HolderFigures } from './snapshot.ts';

/** Grows by one when a field goes away or changes its meaning; new fields may come at any time. */
const schemaVersion = 1;

/** An explanation for programs, in the names of `status.json`: `explain --json`, `why-json/<path>` and `/api/explain`. */
export function explanationJson(explanation: Explanation) {
  const { need, policy } = explanation;
  return {
    schema_version: schemaVersion,
    path: explanation.path,
    situation: explanation.situation,
    headline: headline(explanation.situation),
    advice: advice(explanation),
    /** Until what is needed can be read; null when nobody can tell. */
    estimate_seconds: explanation.estimateSeconds ?? null,
    info_hash: explanation.infoHash,
    state: explanation.state,
    progress_pct: Math.floor(explanation.progress * 10_000) / 100,
    peers: explanation.peersConnected,
    peers_known: explanation.peersKnown,
    download_speed: explanation.downloadSpeed,
    /** Pieces are counted from the first that the file touches, in runs of first and last. */
    need: need
      ? {
          basis: need.basis,
          pieces: need.pieces,
          missing: need.missing,
          missing_bytes: need.missingBytes,
          /** Null where nothing is missing, and where the engine cannot tell who has it. */
          holders: need.holders ? holdersJson(need.holders) : null,
        }
      : null,
    readers: explanation.readers,
    waiting_reads: explanation.waits.map(wait => ({
      start: wait.start,
      end: wait.endExclusive,
      waited_ms: wait.waitedMs,
      idle_ms: wait.idleMs,
      deadline_ms: wait.deadlineMs,
    })),
    policy: { when_missing: policy.whenMissing, timeout_ms: policy.timeoutMs },
    engine: explanation.engine,
    engine_failure: explanation.engineFailure ?? null,
    errors: explanation.errors,
  };
}

function holdersJson({ asked, rarest, peerCount, peers }: HolderFigures) {
  return {
    /** Missing pieces that it is about. */
    pieces: asked,
    /** Connected peers that have the rarest of them, and those that have any. */
    rarest,
    peers_total: peerCount,
    /** Those with the most of them, and how many each has. */
    peers,
  };
}
