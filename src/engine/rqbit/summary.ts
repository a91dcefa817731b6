import type { TorrentSummary } from '../torrent.ts';
import { oneLine, type RqbitListRow } from './schemas.ts';
import type { TorrentShape } from './torrent-records.ts';

/** What is known of a torrent beyond rqbit's row for it. */
export interface SummaryFacts {
  /** Undefined when they could not be had: rqbit's own numbers, which are of the selected files only, stand in. */
  readonly shape: TorrentShape | undefined;
  readonly heldCount: number | undefined;
  readonly lastPieceIsHeld: boolean;
  /** A reader waits for bytes of it. */
  readonly isWaitedFor: boolean;
}

export function summaryOf(row: RqbitListRow, facts: SummaryFacts): TorrentSummary {
  const { stats } = row;
  const { live } = stats;
  return {
    infoHash: row.info_hash,
    name: row.name ?? undefined,
    engineId: row.id,
    state: stats.initializing_paused === true ? 'paused' : stats.state,
    error: stats.state === 'error' ? oneLine(stats.error ?? 'rqbit does not say why') : undefined,
    totalBytes: facts.shape?.totalLength ?? stats.total_bytes,
    progressBytes: stats.state === 'initializing' ? stats.progress_bytes : heldBytes(row, facts),
    wantsMore: stats.state === 'live' && (!stats.finished || facts.isWaitedFor),
    peersConnected: live?.snapshot.peer_stats.live ?? 0,
    peersKnown: live?.snapshot.peer_stats.seen ?? 0,
    downloadSpeed: bytesPerSecond(live?.download_speed.mbps),
    uploadSpeed: bytesPerSecond(live?.upload_speed.mbps),
    fetchedBytes: live?.snapshot.fetched_bytes ?? 0,
  };
}

/** Of the whole torrent, by verified pieces; the last piece is usually shorter than the others. */
function heldBytes(row: RqbitListRow, { shape, heldCount, lastPieceIsHeld }: SummaryFacts): number {
  if (shape === undefined || heldCount === undefined) return row.stats.progress_bytes;
  const { pieceLength, pieceCount, totalLength } = shape;
  return heldCount * pieceLength - (lastPieceIsHeld ? pieceCount * pieceLength - totalLength : 0);
}

/** rqbit's `mbps` are MiB a second. */
function bytesPerSecond(mebibytes: number | undefined): number {
  return Math.round((mebibytes ?? 0) * 2 ** 20);
}
