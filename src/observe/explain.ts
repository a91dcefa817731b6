import { bytesOfPiece, isHeld } from './file-pieces.ts';
import { type NeededPieces, type Needs, neededPieces } from './needed-pieces.ts';
import type { EngineFigures, FilePieces, HolderFigures, OpenFile, TorrentFigures, WaitingRead } from './snapshot.ts';
import { isStalled } from './stalled-reads.ts';

/**
 * Why a file is slow, empty or unreadable: facts in, an explanation out. `explain-text.ts` puts it into words.
 */
export function explain(input: ExplainInput): Explanation {
  const need = neededPieces(input);
  const situation = situationOf(input, need);
  return {
    path: input.path,
    situation,
    infoHash: input.torrent.infoHash,
    state: input.torrent.state,
    progress: input.torrent.totalBytes === 0 ? 1 : input.torrent.progressBytes / input.torrent.totalBytes,
    peersConnected: input.torrent.peersConnected,
    peersKnown: input.torrent.peersKnown,
    downloadSpeed: input.torrent.downloadSpeed,
    need: need && { ...need, holders: need.missing.length === 0 ? undefined : input.holders },
    readers: input.openFiles.length,
    waits: input.waiting.map(read => toWait(read, input.atMs)),
    policy: input.policy,
    engine: input.engine.description,
    engineFailure: input.engine.failure?.message,
    errors: input.errors,
    estimateSeconds: estimate(situation, input, need),
  };
}

export interface ExplainInput extends Needs {
  readonly atMs: number;
  /** Relative to the mount point. */
  readonly path: string;
  readonly torrent: TorrentFigures;
  readonly engine: EngineFigures;
  /** Of this file, or of any file of the directory. */
  readonly openFiles: readonly OpenFile[];
  readonly waiting: readonly WaitingRead[];
  readonly policy: ExplainPolicy;
  /** Held bytes are read from a disk of this machine, without the engine. */
  readonly isLocal: boolean;
  /** Who has what is missing of {@link neededPieces}; undefined where the engine cannot tell. */
  readonly holders?: HolderFigures | undefined;
  /** The latest errors of the torrent and its reads, newest first. */
  readonly errors: readonly string[];
}

export interface ExplainPolicy {
  readonly whenMissing: 'wait' | 'eagain';
  readonly timeoutMs: number;
}

export const situations = [
  'complete', // every byte is here
  'readable', // not complete, but what readers want is here
  'engine-down', // nobody can be asked
  'resolving', // a magnet without metadata
  'initializing', // what is on disk is being checked
  'error', // the engine gave the torrent up
  'paused', // the user stopped it
  'unknown', // the engine has not told of it for a while
  'no-peers', // nobody to fetch from
  'no-reader', // nothing is fetched because nothing is wanted
  'stalled', // peers, but no byte comes
  'slow-peer', // bytes come, slower than they are wanted
  'downloading', // bytes come, soon enough
] as const;

export type Situation = (typeof situations)[number];

/** Plain data; `explain-json.ts` and `explain-text.ts` show it. */
export interface Explanation {
  readonly path: string;
  readonly situation: Situation;
  readonly infoHash: string;
  readonly state: string;
  /** 0–1, of the whole torrent. */
  readonly progress: number;
  readonly peersConnected: number;
  readonly peersKnown: number;
  readonly downloadSpeed: number;
  readonly need: ExplainedNeed | undefined;
  readonly readers: number;
  readonly waits: readonly ExplainedWait[];
  readonly policy: ExplainPolicy;
  readonly engine: string;
  readonly engineFailure: string | undefined;
  readonly errors: readonly string[];
  /** Until what is needed can be read; undefined when nobody can tell. */
  readonly estimateSeconds: number | undefined;
}

export interface ExplainedNeed extends NeededPieces {
  /** Undefined where nothing is missing, and where the engine cannot tell. */
  readonly holders: HolderFigures | undefined;
}

export interface ExplainedWait {
  readonly start: number;
  readonly endExclusive: number;
  readonly waitedMs: number;
  /** Since the last byte came for it. */
  readonly idleMs: number;
  /** Until it fails, if no byte comes. */
  readonly deadlineMs: number;
}

/** Slower than this and people notice: a read of 128 KiB takes over a second. */
const slowBytesPerSecond = 128 * 1024;
/** Longer than this and people notice. */
const slowSeconds = 5;

function situationOf(input: ExplainInput, need: NeededPieces | undefined): Situation {
  const { torrent, engine, pieces, isLocal } = input;
  const needIsHeld = need !== undefined && need.missing.length === 0;
  if (needIsHeld && (engine.failure === undefined || isLocal)) {
    return pieces && isWhole(pieces) ? 'complete' : 'readable';
  }
  if (engine.failure !== undefined) return 'engine-down';
  switch (torrent.state) {
    case 'resolving':
    case 'initializing':
    case 'error':
    case 'paused':
    case 'unknown':
      return torrent.state;
    case 'seeding':
      return 'complete';
    default:
      return situationOfDownload(input, need);
  }
}

function situationOfDownload(input: ExplainInput, need: NeededPieces | undefined): Situation {
  const { torrent, openFiles, waiting, atMs } = input;
  if (torrent.peersConnected === 0) return 'no-peers';
  const wanted = openFiles.length > 0 || waiting.length > 0;
  if (!wanted && torrent.state === 'idle') return 'no-reader';
  const starved = waiting.some(read => isStalled(read, atMs));
  if (torrent.downloadSpeed === 0 && (starved || torrent.state === 'stalled')) return 'stalled';
  const seconds = (need?.missingBytes ?? 0) / torrent.downloadSpeed;
  const slow = waiting.length > 0 ? seconds > slowSeconds : torrent.downloadSpeed < slowBytesPerSecond;
  return slow || starved ? 'slow-peer' : 'downloading';
}

function isWhole(pieces: FilePieces): boolean {
  for (let piece = 0; piece < pieces.pieceCount; piece++) {
    if (bytesOfPiece(pieces, piece) > 0 && !isHeld(pieces, piece)) return false;
  }
  return true;
}

function toWait(read: WaitingRead, atMs: number): ExplainedWait {
  const idleMs = Math.max(0, atMs - read.lastByteMs);
  return {
    start: read.start,
    endExclusive: read.endExclusive,
    waitedMs: Math.max(0, atMs - read.sinceMs),
    idleMs,
    deadlineMs: Math.max(0, read.timeoutMs - idleMs),
  };
}

function estimate(situation: Situation, { torrent }: ExplainInput, need: NeededPieces | undefined): number | undefined {
  if (situation === 'complete' || situation === 'readable') return 0;
  const bytes = need?.missingBytes ?? torrent.totalBytes - torrent.progressBytes;
  const arriving = situation === 'slow-peer' || situation === 'downloading';
  return arriving && torrent.downloadSpeed > 0 ? bytes / torrent.downloadSpeed : undefined;
}
