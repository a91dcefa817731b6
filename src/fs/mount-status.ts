import type { Catalog, CatalogTorrent } from '../catalog/catalog.ts';
import type { PieceMaps } from './piece-maps.ts';
import { figuresOf, type TorrentFigures } from './torrent-figures.ts';
import type { TorrentRoot } from './torrent-root.ts';

/** Grows by one when a field goes away or changes its meaning; new fields may come at any time. */
export const STATUS_SCHEMA_VERSION = 1;

/** What `.torrent-fuse/status.json` holds. Times are ISO 8601. */
export interface MountStatus extends MountFacts {
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
  /** Whatever other parts of the mount have to say, such as `cache` and `reads`. */
  readonly [section: string]: unknown;
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
  /** Sections by name, asked anew for every status. */
  sections(): Readonly<Record<string, unknown>>;
}

/** The status as of now. Asks no engine. */
export function mountStatus({ facts, catalog, root, pieces, sections }: StatusSources): MountStatus {
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
    ...sections(),
  };
}

function torrentStatus(
  torrent: CatalogTorrent,
  { root, pieces }: Pick<StatusSources, 'root' | 'pieces'>,
): TorrentStatus {
  const { infoHash, summary } = torrent;
  const mounted = root.byInfoHash(infoHash);
  const known = { pieces: pieces.lastKnown(infoHash), totalPieces: torrent.pieceCount };
  return {
    name: mounted?.name ?? torrent.renamedTo ?? torrent.name,
    ...figuresOf(torrent, known),
    mounted: mounted !== undefined,
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
