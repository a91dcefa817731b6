import { EngineError, type InfoHash } from '../engine/index.ts';
import type { Logger } from '../util/logger.ts';
import type { CatalogEvent, CatalogFailure } from './catalog.ts';
import { CatalogEntry } from './catalog-entry.ts';
import { FailureLog } from './failure-log.ts';
import type { Journal } from './journal.ts';
import type { JournalRecord } from './journal-records.ts';
import type { TorrentRecord } from './journal-state.ts';
import type { MetainfoStore } from './metainfo-store.ts';

export interface CatalogModelOptions {
  readonly journal: Journal;
  readonly store: MetainfoStore;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What the parts of the catalog share: the torrents of the mount as they are now, and who wants to hear of changes. */
export class CatalogModel {
  /** Oldest first. */
  readonly entries = new Map<InfoHash, CatalogEntry>();
  readonly failures = new FailureLog();
  readonly journal: Journal;
  readonly store: MetainfoStore;
  readonly logger: Logger;
  readonly now: () => number;
  readonly #listeners = new Set<(event: CatalogEvent) => void>();

  constructor({ journal, store, logger, now }: CatalogModelOptions) {
    this.journal = journal;
    this.store = store;
    this.logger = logger;
    this.now = now;
  }

  get nowSeconds(): number {
    return Math.floor(this.now() / 1000);
  }

  /** @throws EngineError `not-found` */
  known(infoHash: InfoHash): CatalogEntry {
    const entry = this.entries.get(infoHash);
    if (entry === undefined) throw new EngineError('not-found', `no torrent ${infoHash} in this mount`);
    return entry;
  }

  enter(infoHash: InfoHash, record: TorrentRecord): CatalogEntry {
    const entry = new CatalogEntry({ infoHash, ...record, store: this.store, nowMs: this.now() });
    this.entries.set(infoHash, entry);
    return entry;
  }

  /** The metadata has become known, by whatever way. */
  appear(entry: CatalogEntry, name: string): void {
    entry.gainMetadata(name);
    this.emit({ kind: 'appeared', torrent: entry });
  }

  drop(entry: CatalogEntry): void {
    this.entries.delete(entry.infoHash);
    this.emit({ kind: 'vanished', infoHash: entry.infoHash });
  }

  /** Journals what has happened already: where it cannot be kept, it is found out again after a restart. */
  note(...records: readonly JournalRecord[]): void {
    try {
      this.journal.append(...records);
    } catch (error) {
      this.logger.error({ error }, 'cannot write the journal');
    }
  }

  report(failure: Omit<CatalogFailure, 'atMs'>): void {
    const dated = { atMs: this.now(), ...failure };
    this.failures.add(dated);
    this.logger.warn({ name: failure.name, source: failure.source, error: failure.error }, 'a source failed');
    this.emit({ kind: 'failed', failure: dated });
  }

  listen(listener: (event: CatalogEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: CatalogEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.logger.error({ error, kind: event.kind }, 'a listener of the catalog failed');
      }
    }
  }
}

export function torrentRecord({ infoHash, name, addedAtSeconds, own }: CatalogEntry): JournalRecord {
  return { type: 'torrent', infoHash, name, addedAtSeconds, own };
}
