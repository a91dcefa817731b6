import type { CatalogTorrent } from '../../catalog/catalog.ts';
import { figuresOf } from '../../fs/torrent-figures.ts';
import type {
  CacheFigures,
  EngineFailure,
  EngineFigures,
  MountSnapshot,
  ReadCounters,
  ReadFigures,
  ThreadFigures,
  TorrentFigures,
} from '../../observe/snapshot.ts';
import type { HandleSnapshot } from '../../read/reader-snapshot.ts';
import { codeOf, messageOf } from '../../util/error-facts.ts';
import { osThreadCpuSeconds } from '../../util/os-thread.ts';
import type { FilePlaces } from './file-places.ts';
import type { ObservedParts } from './observed-parts.ts';

/** Everything that is shown of the mount, as of now. Asks memory only. */
export function takeSnapshot(parts: ObservedParts, places: FilePlaces): MountSnapshot {
  const { facts, catalog } = parts;
  const atMs = Date.now();
  return {
    atMs,
    mount: facts,
    engine: engineFigures(parts),
    torrents: catalog.torrents().map(torrent => torrentFigures(torrent, parts)),
    reads: readFigures(parts, places, atMs),
    cache: cacheFigures(parts),
    operations: parts.fuse()?.operations() ?? [],
    threads: threadFigures(parts),
  };
}

function engineFigures(parts: ObservedParts): EngineFigures {
  const { breaker, streams, requests } = parts.engine.figures?.() ?? {};
  return {
    description: parts.engine.description,
    answers: parts.catalog.engineAnswers,
    failure: engineFailure(parts),
    breaker,
    streams,
    requests,
  };
}

export function engineFailure({ catalog }: Pick<ObservedParts, 'catalog'>): EngineFailure | undefined {
  const silence = catalog.engineSilence;
  if (silence === undefined) return undefined;
  const { error, sinceMs } = silence;
  const code = codeOf(error) ?? 'unknown';
  return { code, message: messageOf(error), sinceMs };
}

export function torrentFigures(
  torrent: CatalogTorrent,
  { root, pieces }: Pick<ObservedParts, 'root' | 'pieces'>,
): TorrentFigures {
  const { infoHash, summary } = torrent;
  const totalPieces = torrent.pieceCount;
  const figures = figuresOf(torrent, { pieces: pieces.lastKnown(infoHash), totalPieces });
  return {
    infoHash,
    name: root.nameFor(torrent),
    state: torrent.state,
    error: torrent.lastError?.message,
    totalBytes: figures.total_bytes,
    progressBytes: figures.progress_bytes,
    progressPct: figures.progress_pct,
    pieceCount: totalPieces,
    heldPieces: totalPieces === undefined ? undefined : figures.downloaded_pieces,
    peersConnected: summary?.peersConnected ?? 0,
    peersKnown: summary?.peersKnown ?? 0,
    downloadSpeed: summary?.downloadSpeed ?? 0,
    uploadSpeed: summary?.uploadSpeed ?? 0,
    fetchedBytes: summary?.fetchedBytes ?? 0,
    addedAtSeconds: torrent.addedAtSeconds,
    updatedAtMs: torrent.updatedAtMs,
  };
}

function readFigures(parts: ObservedParts, places: FilePlaces, atMs: number): ReadFigures {
  const handles = parts.reader.snapshot();
  return {
    openFiles: handles.map(handle => openFile(handle, parts, places)),
    waiting: handles.flatMap(handle => waitingReads(handle, atMs)),
    fetches: fetches(handles),
    counters: readCounters(parts),
  };
}

export function readCounters({ reader, cache }: Pick<ObservedParts, 'reader' | 'cache'>): ReadCounters {
  const { traffic, cache: counted } = reader.statistics();
  const { blockBytes } = cache;
  return {
    ...reader.times(),
    deliveredBytes: traffic.delivered + counted.fastBytes,
    engineBytes: traffic.fromStreams,
    localBytes: traffic.fromLocalFiles,
    readAheadBytes: counted.aheadInserted * blockBytes,
    readAheadUsedBytes: (counted.aheadInserted - counted.aheadWasted - counted.aheadUnusedHere) * blockBytes,
    readAheadWastedBytes: counted.aheadWasted * blockBytes,
  };
}

function openFile(snapshot: HandleSnapshot, { root }: ObservedParts, places: FilePlaces) {
  const { handle, file, length, position, windows } = snapshot;
  const { infoHash, fileIndex } = file;
  const mounted = root.byInfoHash(infoHash);
  const readAhead = windows.filter(window => window.position <= position || windows.length === 1);
  return {
    infoHash,
    fileIndex,
    handle,
    path: (mounted && places.pathOf(mounted, fileIndex)) ?? infoHash,
    length,
    position,
    readAheadEnd: readAhead.reduce((end, window) => Math.max(end, window.end), position),
  };
}

function waitingReads({ handle, file, policy, waiting }: HandleSnapshot, atMs: number) {
  return waiting.map(({ offset, length, waitedMs, deadlineInMs }) => ({
    infoHash: file.infoHash,
    fileIndex: file.fileIndex,
    handle,
    start: offset,
    endExclusive: offset + length,
    sinceMs: atMs - waitedMs,
    // The deadline starts anew with each byte.
    lastByteMs: atMs - Math.max(0, policy.timeoutMs - deadlineInMs),
    timeoutMs: policy.timeoutMs,
  }));
}

/** Handles of one file share its streams. */
function fetches(handles: readonly HandleSnapshot[]) {
  const byFile = new Map(handles.map(handle => [`${handle.file.infoHash}/${handle.file.fileIndex}`, handle]));
  return [...byFile.values()].flatMap(({ file, streams }) =>
    streams.map(({ position, end }) => ({ ...file, start: position, endExclusive: Math.max(position, end) })),
  );
}

function cacheFigures({ reader }: ObservedParts): CacheFigures {
  const { fastHits, fastBytes, fastMisses, evicted, usedBytes, capacityBytes } = reader.statistics().cache;
  return { hits: fastHits, hitBytes: fastBytes, misses: fastMisses, evictions: evicted, usedBytes, capacityBytes };
}

function threadFigures({ engine, fuse }: ObservedParts): ThreadFigures[] {
  const { user, system } = process.cpuUsage();
  const named = [
    { name: 'main', osThread: process.pid },
    { name: 'fuse', osThread: fuse()?.osThread ?? 0 },
    ...(engine.figures?.().threads ?? []),
  ].map(({ name, osThread }) => ({ name, cpuSeconds: osThreadCpuSeconds(osThread) ?? 0 }));
  const rest = (user + system) / 1e6 - named.reduce((sum, thread) => sum + thread.cpuSeconds, 0);
  return [...named, { name: 'other', cpuSeconds: Math.max(0, rest) }];
}
