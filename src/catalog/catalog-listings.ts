import type { EngineError, InfoHash, TorrentDetails, TorrentSummary } from '../engine/index.ts';
import type { CatalogEntry } from './catalog-entry.ts';
import { type CatalogModel, torrentRecord } from './catalog-model.ts';
import type { Listing } from './engine-poller.ts';
import type { StateTiming } from './torrent-state.ts';

export interface CatalogListingsOptions {
  readonly model: CatalogModel;
  readonly timing: StateTiming;
  /** Whether what the poll tells of the torrent was true before its removal only. */
  isOutdated(infoHash: InfoHash, pollSequence: number): boolean;
  /** The engine has lost a torrent of this mount. */
  addAgain(entry: CatalogEntry): void;
  /** Asked at every poll for a torrent whose metadata is not known. */
  wantMetadata(infoHash: InfoHash): void;
}

/** Brings the torrents of the mount in line with what the engine lists, whoever changed that. */
export class CatalogListings {
  readonly #options: CatalogListingsOptions;
  readonly #model: CatalogModel;
  /** Whether the log was told that the engine does not answer, and not yet that it does. */
  #isSilenceTold = false;

  constructor(options: CatalogListingsOptions) {
    this.#options = options;
    this.#model = options.model;
  }

  onListed({ summaries, sequence, afterSilence }: Listing): void {
    if (this.#isSilenceTold) this.#model.logger.info({}, 'the engine answers again');
    this.#isSilenceTold = false;
    const current = summaries.filter(({ infoHash }) => !this.#options.isOutdated(infoHash, sequence));
    this.#adopt(current.filter(({ infoHash }) => !this.#model.entries.has(infoHash)));
    for (const summary of current) this.#observe(summary);
    for (const entry of this.#missing({ summaries, sequence })) this.#onMissing(entry, afterSilence);
  }

  /** Whether a torrent of this mount's own is not listed that should be. */
  lacksOwn(listed: Listed): boolean {
    return this.#missing(listed).some(({ own }) => own);
  }

  onSilence(polls: number, error: unknown): void {
    this.#model.logger.debug({ polls, error }, 'the engine did not answer a poll');
    if (polls === POLLS_UNTIL_TOLD) {
      this.#model.logger.warn({ error }, 'the engine does not answer; what is held here can still be read');
      this.#isSilenceTold = true;
    }
    for (const entry of this.#model.entries.values()) {
      if (entry.observeSilence(polls)) this.#model.emit({ kind: 'state', torrent: entry });
    }
  }

  onMetadata(details: TorrentDetails): void {
    const entry = this.#model.entries.get(details.infoHash);
    // Deleted, or deleted and added again, while it was written: then the next poll has it fetched again.
    if (entry === undefined || !entry.hasMetadata) return;
    const renamed = entry.name !== details.name;
    this.#model.appear(entry, details.name);
    if (entry.summary !== undefined) this.#observe(entry.summary);
    if (renamed) this.#model.note(torrentRecord(entry));
  }

  onMetadataFailed(infoHash: InfoHash, error: EngineError): void {
    const entry = this.#model.entries.get(infoHash);
    if (entry !== undefined) entry.lastError = error;
    this.#model.logger.debug({ infoHash, error }, 'cannot fetch the metadata of a torrent; trying again');
  }

  /** Torrents that somebody else added to the engine: however many they are, the journal is written once. */
  #adopt(summaries: readonly TorrentSummary[]): void {
    const addedAtSeconds = this.#model.nowSeconds;
    const entries = summaries.map(({ infoHash, name }) =>
      this.#model.enter(infoHash, { name: name ?? infoHash, addedAtSeconds, own: false, renamedTo: undefined }),
    );
    this.#model.note(...entries.map(torrentRecord));
    for (const entry of entries) {
      if (entry.hasMetadata) this.#model.appear(entry, entry.details?.name ?? entry.name);
    }
  }

  #observe(summary: TorrentSummary): void {
    const entry = this.#model.entries.get(summary.infoHash);
    if (entry === undefined) return;
    if (!entry.hasMetadata && entry.pendingId === undefined) this.#options.wantMetadata(entry.infoHash);
    const changed = entry.observe(summary, this.#model.now(), this.#options.timing);
    if (changed) this.#model.emit({ kind: 'state', torrent: entry });
  }

  #missing({ summaries, sequence }: Listed): CatalogEntry[] {
    const listed = new Set(summaries.map(({ infoHash }) => infoHash));
    const isExpected = (entry: CatalogEntry) => entry.pendingId === undefined && entry.knownSincePoll <= sequence;
    return [...this.#model.entries.values()].filter(entry => isExpected(entry) && !listed.has(entry.infoHash));
  }

  /**
   * If the engine answered all along, somebody removed the torrent there. If it was away, it may have come back without its
   * memory: then it gets back what it had from this mount.
   */
  #onMissing(entry: CatalogEntry, afterSilence: boolean): void {
    if (entry.own && afterSilence) {
      this.#options.addAgain(entry);
      return;
    }
    this.#model.note({ type: 'vanished', infoHash: entry.infoHash });
    this.#model.drop(entry);
  }
}

type Listed = Omit<Listing, 'afterSilence'>;

/** One is lost by a server that was started anew, too. */
const POLLS_UNTIL_TOLD = 2;
