import { explain, type Situation } from '../explain.ts';
import { headline } from '../explain-text.ts';
import type { FileFigures, FilePieces, MountSnapshot, OpenFile, TorrentFigures, WaitingRead } from '../snapshot.ts';

/**
 * What `/api` says, in the names of `status.json` and of `user.torrent.status`. Fields may be added within a schema version;
 * none changes its meaning.
 */
export const schemaVersion = 1;

/** A page shows no more, and thousands of waiting reads must not become megabytes a second. */
const maxRows = 200;

export function statusJson(snapshot: MountSnapshot) {
  const { mount, engine, torrents, reads, cache } = snapshot;
  return {
    schema_version: schemaVersion,
    at_ms: snapshot.atMs,
    version: mount.version,
    mountpoint: mount.mountpoint,
    read_only: mount.readOnly,
    engine: engine.description,
    engine_failure: engine.failure?.message ?? null,
    streams: engine.streams ?? null,
    torrents: torrents.map(torrentJson),
    open_files_total: reads.openFiles.length,
    open_files: reads.openFiles.slice(0, maxRows).map(openFileJson),
    waiting_reads_total: reads.waiting.length,
    waiting_reads: reads.waiting.slice(0, maxRows).map(read => waitingReadJson(read, snapshot)),
    cache: {
      used_bytes: cache.usedBytes,
      capacity_bytes: cache.capacityBytes,
      hits: cache.hits,
      hit_bytes: cache.hitBytes,
      misses: cache.misses,
      evictions: cache.evictions,
    },
  };
}

export function filesJson(files: readonly FileFigures[], offset: number, limit: number) {
  return {
    schema_version: schemaVersion,
    total: files.length,
    files: files
      .slice(offset, offset + limit)
      .map(({ fileIndex, path, length }) => ({ file_index: fileIndex, path, length })),
  };
}

/** A file's piece map, and what readers do to it. Offsets are of the file. */
export function piecesJson(pieces: FilePieces, snapshot: MountSnapshot) {
  const { reads } = snapshot;
  const ofFile = <T extends { readonly infoHash: string; readonly fileIndex: number }>(rows: readonly T[]) =>
    rows.filter(row => row.infoHash === pieces.infoHash && row.fileIndex === pieces.fileIndex).slice(0, maxRows);
  return {
    schema_version: schemaVersion,
    info_hash: pieces.infoHash,
    file_index: pieces.fileIndex,
    path: pieces.path,
    length: pieces.length,
    piece_length: pieces.pieceLength,
    lead_bytes: pieces.leadBytes,
    piece_count: pieces.pieceCount,
    /** Most significant bit first, as in `user.torrent.pieces`, but in base64. */
    bitfield: Buffer.from(pieces.bitfield).toString('base64'),
    in_flight: ofFile(reads.fetches).map(({ start, endExclusive }) => [start, endExclusive]),
    readers: ofFile(reads.openFiles).map(openFileJson),
    waiting_reads: ofFile(reads.waiting).map(read => waitingReadJson(read, snapshot)),
  };
}

function torrentJson(torrent: TorrentFigures) {
  return {
    info_hash: torrent.infoHash,
    name: torrent.name,
    state: torrent.state,
    error: torrent.error ?? null,
    progress_pct: torrent.progressPct,
    progress_bytes: torrent.progressBytes,
    total_bytes: torrent.totalBytes,
    downloaded_pieces: torrent.heldPieces ?? null,
    total_pieces: torrent.pieceCount ?? null,
    peers: torrent.peersConnected,
    peers_known: torrent.peersKnown,
    download_speed: torrent.downloadSpeed,
    upload_speed: torrent.uploadSpeed,
    fetched_bytes: torrent.fetchedBytes,
    added_at: new Date(torrent.addedAtSeconds * 1000).toISOString(),
    last_updated: new Date(torrent.updatedAtMs).toISOString(),
  };
}

function openFileJson(file: OpenFile) {
  return {
    handle: file.handle,
    info_hash: file.infoHash,
    file_index: file.fileIndex,
    path: file.path,
    length: file.length,
    position: file.position,
    read_ahead_end: file.readAheadEnd,
  };
}

function waitingReadJson(read: WaitingRead, snapshot: MountSnapshot) {
  const situation = situationOfWait(read, snapshot);
  const idleMs = Math.max(0, snapshot.atMs - read.lastByteMs);
  return {
    handle: read.handle,
    info_hash: read.infoHash,
    file_index: read.fileIndex,
    path: snapshot.reads.openFiles.find(file => file.handle === read.handle)?.path ?? null,
    start: read.start,
    end: read.endExclusive,
    waited_ms: Math.max(0, snapshot.atMs - read.sinceMs),
    idle_ms: idleMs,
    deadline_ms: Math.max(0, read.timeoutMs - idleMs),
    situation: situation ?? null,
    reason: situation ? headline(situation) : null,
  };
}

/** As `explain` sees it without the file's pieces: all that can be told at no cost. */
function situationOfWait(read: WaitingRead, { atMs, torrents, engine }: MountSnapshot): Situation | undefined {
  const torrent = torrents.find(({ infoHash }) => infoHash === read.infoHash);
  if (torrent === undefined) return undefined;
  return explain({
    atMs,
    path: '',
    torrent,
    engine,
    pieces: undefined,
    lastRead: undefined,
    openFiles: [],
    waiting: [read],
    policy: { whenMissing: 'wait', timeoutMs: read.timeoutMs },
    isLocal: false,
    errors: [],
  }).situation;
}
