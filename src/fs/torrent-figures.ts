import type { CatalogTorrent } from '../catalog/catalog.ts';
import type { PieceMap } from '../engine/index.ts';

/** What `user.torrent.status` says of a torrent, and `status.json` with it. Everything is of the whole torrent. */
export interface TorrentFigures {
  /** The engine's own number for the torrent; null where it has none. */
  readonly torrent_id: number | null;
  readonly info_hash: string;
  readonly state: string;
  /** 0 to 100, rounded down to hundredths: 100 means that every piece is held. */
  readonly progress_pct: number;
  /** Bytes of verified pieces; while initializing, bytes that were looked at. */
  readonly progress_bytes: number;
  readonly total_bytes: number;
  readonly downloaded_pieces: number;
  /** Null while the metadata is not known. */
  readonly total_pieces: number | null;
  readonly peers: number;
  /** Bytes per second. */
  readonly download_speed: number;
  /** ISO 8601; when the engine last told of it. */
  readonly last_updated: string;
}

/**
 * @param pieces what is known of them, if anything
 * @param totalPieces undefined while the metadata is not known
 */
export function figuresOf(
  torrent: CatalogTorrent,
  { pieces, totalPieces }: { readonly pieces: PieceMap | undefined; readonly totalPieces: number | undefined },
): TorrentFigures {
  const { summary } = torrent;
  const totalBytes = summary?.totalBytes ?? 0;
  const progressBytes = Math.min(summary?.progressBytes ?? 0, totalBytes);
  return {
    torrent_id: summary?.engineId ?? null,
    info_hash: torrent.infoHash,
    state: torrent.state,
    progress_pct: percentOf(torrent, progressBytes, totalBytes),
    progress_bytes: progressBytes,
    total_bytes: totalBytes,
    downloaded_pieces: pieces?.heldCount ?? estimatedPieces(progressBytes, totalBytes, totalPieces ?? 0),
    total_pieces: totalPieces ?? null,
    peers: summary?.peersConnected ?? 0,
    download_speed: summary?.downloadSpeed ?? 0,
    last_updated: new Date(torrent.updatedAtMs).toISOString(),
  };
}

/** A torrent of nothing but empty files is complete when the engine says so. */
function percentOf({ state }: CatalogTorrent, progressBytes: number, totalBytes: number): number {
  if (totalBytes === 0) return state === 'seeding' ? 100 : 0;
  return Math.floor((progressBytes / totalBytes) * 10_000) / 100;
}

/**
 * All pieces but the last are of one size, so this is off by one at most. Without bytes there are no pieces, or nobody has
 * told of them yet.
 */
function estimatedPieces(progressBytes: number, totalBytes: number, totalPieces: number): number {
  return totalBytes === 0 ? 0 : Math.floor((progressBytes / totalBytes) * totalPieces);
}
