import type { Logger } from '../../util/logger.ts';
import { mapBounded } from '../../util/map-bounded.ts';
import { timeoutSignal } from '../../util/timeout-signal.ts';
import type { WaitOptions } from '../engine.ts';
import type { InfoHash, TorrentSummary } from '../torrent.ts';
import type { RqbitClient } from './client.ts';
import type { RqbitListRow } from './schemas.ts';
import { socketAddresses } from './socket-addresses.ts';
import type { StreamPool } from './stream-pool.ts';
import { type SummaryFacts, summaryOf } from './summary.ts';
import type { TorrentHealth } from './torrent-health.ts';
import { placeOf, type TorrentPlaces } from './torrent-places.ts';
import type { TorrentRecords, TorrentShape } from './torrent-records.ts';
import type { TorrentRestarter } from './torrent-restarter.ts';

/**
 * Lists rqbit's torrents in one call, and asks for the pieces of those whose counters moved: only verified pieces tell how
 * much of the whole torrent is here, for rqbit counts selected files alone. Notices on the way what others did to a torrent.
 */
export class TorrentLister {
  readonly #client: RqbitClient;
  readonly #records: TorrentRecords;
  readonly #restarter: TorrentRestarter;
  readonly #streams: StreamPool;
  readonly #places: TorrentPlaces;
  readonly #health: TorrentHealth;
  readonly #logger: Logger;
  readonly #peers: readonly string[];
  readonly #seen = new Map<InfoHash, SeenRow>();

  constructor(components: TorrentListerComponents, options: { readonly peers: readonly string[] }) {
    this.#client = components.client;
    this.#records = components.records;
    this.#restarter = components.restarter;
    this.#streams = components.streams;
    this.#places = components.places;
    this.#health = components.health;
    this.#logger = components.logger;
    this.#peers = options.peers;
  }

  async list({ signal }: WaitOptions): Promise<readonly TorrentSummary[]> {
    const rows = await this.#client.list({ signal }).catch(error => {
      this.forgetDialled();
      throw error;
    });
    this.#forgetOthers(rows);
    const places = new Map<InfoHash, string>();
    const summaries = await mapBounded(rows, CALLS_AT_ONCE, async row => {
      const { summary, shape } = await this.#summarise(row, signal);
      places.set(row.info_hash, placeOfRow(row, shape));
      return summary;
    });
    this.#notePlaces(places);
    return summaries;
  }

  /** The server may have been started anew, and knows no peers then. */
  forgetDialled(): void {
    for (const seen of this.#seen.values()) seen.isDialled = false;
  }

  async #summarise(row: RqbitListRow, signal: AbortSignal): Promise<Summarised> {
    const infoHash = row.info_hash;
    const before = this.#seen.get(infoHash);
    const now = { id: row.id, folder: row.output_folder, counters: countersOf(row), isDialled: false };
    if (before?.id !== now.id || before.folder !== now.folder) this.#records.forgetPlace(infoHash);
    this.#seen.set(infoHash, now);
    this.#health.listed(infoHash, row.stats);
    this.#dialPeers(infoHash, row, before);
    const hasMoved = before?.counters !== now.counters;
    const facts = await this.#facts(infoHash, row, { hasMoved, signal }).catch(error => {
      signal.throwIfAborted();
      this.#seen.delete(infoHash); // ask again at the next list
      this.#logger.debug({ infoHash, error }, 'the pieces of a torrent are not known; its progress is what rqbit says');
      return noFacts;
    });
    const summary = summaryOf(row, { ...facts, isWaitedFor: this.#streams.isWaitedFor(infoHash) });
    return { summary, shape: facts.shape };
  }

  #notePlaces(places: ReadonlyMap<InfoHash, string>): void {
    for (const infoHash of this.#places.update(places)) {
      this.#logger.warn(
        { infoHash },
        'another torrent in rqbit writes to the same place: what is read is hashed first',
      );
    }
  }

  async #facts(
    infoHash: InfoHash,
    row: RqbitListRow,
    asking: { hasMoved: boolean; signal: AbortSignal },
  ): Promise<Facts> {
    const { stats } = row;
    const shape = await this.#records.shape(infoHash, asking);
    const isKnown = stats.state === 'live' || stats.state === 'paused';
    if (!isKnown) return { ...noFacts, shape };
    const pieces = await this.#records.pieces(infoHash, asking);
    if (stats.finished && stats.total_bytes === shape.totalLength) {
      if (pieces.heldCount < pieces.pieceCount) pieces.fill();
    } else if (asking.hasMoved) {
      await pieces.refresh(asking);
    }
    return { shape, heldCount: pieces.heldCount, lastPieceIsHeld: pieces.has(pieces.pieceCount - 1) };
  }

  /** rqbit forgets the peers that it was told of when it restarts, and takes new ones only while a torrent is live. */
  #dialPeers(infoHash: InfoHash, row: RqbitListRow, before: SeenRow | undefined): void {
    const seen = this.#seen.get(infoHash);
    if (seen === undefined || this.#peers.length === 0 || row.stats.state !== 'live') return;
    seen.isDialled = true;
    this.#restarter.note(infoHash, this.#peers);
    if (before?.isDialled === true && before.id === seen.id) return;
    const signal = timeoutSignal(DIAL_MS);
    void socketAddresses(this.#peers)
      .then(addresses => this.#client.addPeers(infoHash, addresses, { signal }))
      .catch(error => {
        seen.isDialled = false;
        this.#logger.debug({ infoHash, error }, 'rqbit was not told of our peers');
      });
  }

  #forgetOthers(rows: readonly RqbitListRow[]): void {
    const listed = new Set(rows.map(row => row.info_hash));
    for (const infoHash of this.#seen.keys()) {
      if (listed.has(infoHash)) continue;
      this.#seen.delete(infoHash);
      this.#records.forget(infoHash);
      this.#restarter.forget(infoHash);
      this.#health.forget(infoHash);
      this.#streams.endStreams(infoHash);
    }
  }
}

export interface TorrentListerComponents {
  readonly client: RqbitClient;
  readonly records: TorrentRecords;
  readonly restarter: TorrentRestarter;
  readonly streams: StreamPool;
  readonly places: TorrentPlaces;
  readonly health: TorrentHealth;
  readonly logger: Logger;
}

/** A list of a thousand new torrents asks for a thousand of each; the server has other things to do as well. */
const CALLS_AT_ONCE = 4;
const DIAL_MS = 10_000;

interface SeenRow {
  readonly id: number;
  readonly folder: string;
  readonly counters: string;
  /** Since it was last not live. */
  isDialled: boolean;
}

interface Summarised {
  readonly summary: TorrentSummary;
  /** Undefined where it is not known. */
  readonly shape: TorrentShape | undefined;
}

type Facts = Omit<SummaryFacts, 'isWaitedFor'>;

const noFacts: Facts = { shape: undefined, heldCount: undefined, lastPieceIsHeld: false };

/** What moves when pieces come or go. */
function countersOf({ id, stats }: RqbitListRow): string {
  const pieces = stats.live?.snapshot.downloaded_and_checked_pieces;
  return [id, stats.state, stats.progress_bytes, stats.total_bytes, pieces].join(' ');
}

/** Where the metadata is not to be had, the name is what rqbit's layout is told by. */
function placeOfRow({ name, output_folder: folder }: RqbitListRow, shape: TorrentShape | undefined): string {
  return placeOf(folder, shape === undefined ? pathByName(name ?? '', folder) : shape.onlyPath);
}

function pathByName(name: string, folder: string): readonly string[] | undefined {
  return folder.endsWith(`/${name}`) ? undefined : [name];
}
