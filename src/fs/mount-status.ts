import type { Catalog, CatalogTorrent } from '../catalog/catalog.ts';
import type { PieceMaps } from './piece-maps.ts';
import { figuresOf, type TorrentFigures } from './torrent-figures.ts';
import type { TorrentRoot } from './torrent-root.ts';

/** Grows by one when a field goes away or changes its meaning; new fields may come at any time. */
export const STATUS_SCHEMA_VERSION = 1;

/** What `.torrent-fuse/status.json` holds. Times are ISO 8601. */
export interface MountStatus extends MountFacts, MountActivity {
  readonly schema_version: number;
  /** Whether the engine answered the last poll. */
  readonly engine_answers: boolean;
  /** In the order in which they were added; those that resolve are among them. */
  readonly torrents: readonly TorrentStatus[];
  /** .torrent URLs that are not fetched yet. */
  readonly pending_urls: readonly { readonly url: string; readonly added_at: string; readonly error: string | null }[];
  readonly forgotten: readonly { readonly info_hash: string; readonly name: string; readonly forgotten_at: string }[];
  /** How many lines `.torrent-fuse/errors` has. */
  readonly errors: number;
}

/** What readers do, and what the cache does for them. Counters are since the mount began. */
export interface MountActivity {
  readonly cache: {
    readonly capacity_bytes: number;
    readonly used_bytes: number;
    /** Reads that it answered at once, their bytes, and those that it could not answer. */
    readonly hits: number;
    readonly hit_bytes: number;
    readonly misses: number;
    /** Blocks that made room for others. */
    readonly evictions: number;
  };
  readonly reads: {
    /** READ requests of the kernel that are not answered yet. */
    readonly in_flight: number;
    /** Reads that wait for bytes which are not here. */
    readonly waiting: number;
    /** Reads that were turned away because too many waited. */
    readonly refused: number;
    /** Files that programs have open, where the kernel does not read them by itself, and how often. */
    readonly open_files: number;
    readonly open_handles: number;
    /** Streams of the engine that bring bytes for readers. */
    readonly streams: number;
  };
}

/** What does not change while the mount lives. */
export interface MountFacts {
  readonly mountpoint: string;
  readonly pid: number;
  readonly version: string;
  /** For people: `embedded`, `rqbit 9.0.1 at http://127.0.0.1:3030`. */
  readonly engine: string;
  readonly data_dir: string;
  readonly started_at: string;
  readonly read_only: boolean;
}

export interface TorrentStatus extends TorrentFigures {
  /** Of its entry in the root; what it is called elsewhere while it has none. */
  readonly name: string;
  /** Whether it has an entry in the root: from the moment on in which its metadata is known. */
  readonly mounted: boolean;
  readonly peers_known: number;
  /** Bytes per second. */
  readonly upload_speed: number;
  /** Payload bytes that peers sent since the engine started. */
  readonly fetched_bytes: number;
  readonly added_at: string;
  /** Why the state is `error`, or why it does not resolve; null while nothing is wrong. */
  readonly error: string | null;
}

export interface StatusSources {
  readonly facts: MountFacts;
  readonly catalog: Catalog;
  readonly root: TorrentRoot;
  readonly pieces: PieceMaps;
  /** Asked anew for every status. */
  activity(): MountActivity;
}

/** The status as of now. Asks no engine. */
export function mountStatus({ facts, catalog, root, pieces, activity }: StatusSources): MountStatus {
  return {
    schema_version: STATUS_SCHEMA_VERSION,
    ...facts,
    engine_answers: catalog.engineAnswers,
    torrents: catalog.torrents().map(torrent => torrentStatus(torrent, { root, pieces })),
    pending_urls: catalog.pendingUrls().map(({ url, addedAtSeconds, lastError }) => ({
      url,
      added_at: isoTime(addedAtSeconds),
      error: lastError?.message ?? null,
    })),
    forgotten: catalog.forgotten().map(({ infoHash, name, forgottenAtSeconds }) => ({
      info_hash: infoHash,
      name,
      forgotten_at: isoTime(forgottenAtSeconds),
    })),
    errors: catalog.failures().length,
    ...activity(),
  };
}

function torrentStatus(
  torrent: CatalogTorrent,
  { root, pieces }: Pick<StatusSources, 'root' | 'pieces'>,
): TorrentStatus {
  const { infoHash, summary } = torrent;
  const known = { pieces: pieces.lastKnown(infoHash), totalPieces: torrent.pieceCount };
  return {
    name: root.nameFor(torrent),
    ...figuresOf(torrent, known),
    mounted: root.byInfoHash(infoHash) !== undefined,
    peers_known: summary?.peersKnown ?? 0,
    upload_speed: summary?.uploadSpeed ?? 0,
    fetched_bytes: summary?.fetchedBytes ?? 0,
    added_at: isoTime(torrent.addedAtSeconds),
    error: torrent.lastError?.message ?? null,
  };
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
