import {
  type Engine,
  EngineError,
  type FileWishes,
  type InfoHash,
  type TorrentDetails,
  type TorrentSource,
} from '../engine/index.ts';
import type { Logger } from '../util/logger.ts';
import { boundedCall } from './bounded-call.ts';
import type {
  Catalog,
  CatalogAddOptions,
  CatalogEvent,
  CatalogFailure,
  CatalogTorrent,
  EngineSilence,
  ForgottenTorrent,
  PendingUrl,
} from './catalog.ts';
import { CatalogAdds } from './catalog-adds.ts';
import type { CatalogEntry } from './catalog-entry.ts';
import { CatalogListings } from './catalog-listings.ts';
import { CatalogModel } from './catalog-model.ts';
import { CatalogRemovals } from './catalog-removals.ts';
import { EngineCommands } from './engine-commands.ts';
import { EnginePoller, type Listing, type PollTiming } from './engine-poller.ts';
import type { Journal } from './journal.ts';
import { MetadataFetcher } from './metadata-fetcher.ts';
import type { MetainfoStore } from './metainfo-store.ts';
import type { StateTiming } from './torrent-state.ts';

/** Read anew at each poll: it may change while the mount lives. */
export interface CatalogTiming extends PollTiming, StateTiming {}

export interface MountCatalogOptions {
  readonly engine: Engine;
  /** The catalog closes it. */
  readonly journal: Journal;
  readonly store: MetainfoStore;
  readonly logger: Logger;
  /** Addresses that are dialled for every torrent, `host:port`. */
  readonly peers: readonly string[];
  readonly timing: CatalogTiming;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * The catalog of a mount. Three sources of truth meet here: the journal says what the mount was told to do, the engine's list
 * what there is, the metainfo store what is in it. A change goes to the journal, then to the entries and the listeners, and
 * then, in the background, to the engine.
 */
export class MountCatalog implements Catalog {
  readonly #engine: Engine;
  readonly #model: CatalogModel;
  readonly #commands = new EngineCommands();
  readonly #adds: CatalogAdds;
  readonly #removals: CatalogRemovals;
  readonly #listings: CatalogListings;
  readonly #fetcher: MetadataFetcher;
  readonly #poller: EnginePoller;

  constructor(options: MountCatalogOptions) {
    const { engine, journal, store, peers, timing } = options;
    const now = options.now ?? Date.now;
    this.#engine = engine;
    this.#model = new CatalogModel({ journal, store, now, logger: options.logger.child({ part: 'catalog' }) });
    this.#adds = new CatalogAdds({
      model: this.#model,
      engine,
      peers,
      engineAnswers: () => this.engineAnswers,
      cancelCommands: infoHash => this.#commands.cancel(infoHash),
      onAccepted: entry => this.#onAccepted(entry),
    });
    this.#removals = new CatalogRemovals({
      model: this.#model,
      engine,
      commands: this.#commands,
      cancelAdd: id => this.#adds.cancel(id),
      pollSequence: () => this.#poller.sequence,
      onRestored: entry => this.#onAccepted(entry),
    });
    this.#listings = new CatalogListings({
      model: this.#model,
      timing,
      isOutdated: (infoHash, sequence) => this.#removals.isOutdated(infoHash, sequence),
      addAgain: entry => this.#adds.addAgain(entry),
      wantMetadata: infoHash => this.#fetcher.want(infoHash),
    });
    this.#fetcher = new MetadataFetcher({
      engine,
      store,
      now,
      onFetched: details => this.#listings.onMetadata(details),
      onFailed: (infoHash, error) => this.#listings.onMetadataFailed(infoHash, error),
    });
    this.#restore();
    this.#poller = new EnginePoller({
      engine,
      timing,
      lacksOwn: listed => this.#listings.lacksOwn(listed),
      onListed: listing => this.#onListed(listing),
      onSilence: (polls, error) => this.#listings.onSilence(polls, error),
    });
  }

  torrents(): readonly CatalogTorrent[] {
    return [...this.#model.entries.values()];
  }

  get(infoHash: InfoHash): CatalogTorrent | undefined {
    return this.#model.entries.get(infoHash);
  }

  pendingUrls(): readonly PendingUrl[] {
    return this.#adds.urls();
  }

  forgotten(): readonly ForgottenTorrent[] {
    return [...this.#model.journal.state.forgotten].map(([infoHash, record]) => ({ infoHash, ...record }));
  }

  failures(): readonly CatalogFailure[] {
    return this.#model.failures.all();
  }

  report(failure: Omit<CatalogFailure, 'atMs'>): void {
    this.#model.report(failure);
  }

  get engineAnswers(): boolean {
    return this.#poller.engineAnswers;
  }

  get engineSilence(): EngineSilence | undefined {
    return this.#poller.failure;
  }

  get canPin(): boolean {
    return this.#engine.setFileWishes !== undefined;
  }

  add(source: TorrentSource, options: CatalogAddOptions): CatalogTorrent | PendingUrl {
    return this.#adds.add(source, options);
  }

  remove(infoHash: InfoHash, { deleteData }: { readonly deleteData: boolean }): boolean {
    const entry = this.#model.entries.get(infoHash);
    if (entry === undefined) return false;
    const name = entry.renamedTo ?? entry.name;
    this.#model.journal.append({ type: 'removed', infoHash, name, deleteData, atSeconds: this.#model.nowSeconds });
    this.#model.drop(entry);
    this.#removals.begin(infoHash, { deleteData, pendingId: entry.pendingId });
    entry.endAdd(new EngineError('not-found', `${name} was removed`));
    return true;
  }

  removeUrl(url: string): boolean {
    return this.#adds.removeUrl(url);
  }

  rename(infoHash: InfoHash, entryName: string): void {
    const entry = this.#model.known(infoHash);
    this.#model.journal.append({ type: 'renamed', infoHash, entryName });
    entry.renamedTo = entryName;
    this.#model.emit({ kind: 'renamed', torrent: entry });
  }

  pause(infoHash: InfoHash): void {
    this.#tell(infoHash, 'run-state', signal => this.#engine.pause(infoHash, { signal }));
  }

  resume(infoHash: InfoHash): void {
    this.#tell(infoHash, 'run-state', signal => this.#engine.resume(infoHash, { signal }));
  }

  setFileWishes(infoHash: InfoHash, wishes: FileWishes): void {
    this.#tell(infoHash, 'pin', async signal => this.#engine.setFileWishes?.(infoHash, wishes, { signal }));
  }

  isPending(infoHash: InfoHash): boolean {
    return this.#model.entries.get(infoHash)?.pendingId !== undefined;
  }

  async whenAccepted(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    await this.#model.known(infoHash).whenAccepted(signal);
  }

  async details(infoHash: InfoHash, signal: AbortSignal): Promise<TorrentDetails> {
    const { store } = this.#model;
    return store.details(infoHash) ?? (await store.putFetched(await this.#metainfoFromEngine(infoHash, signal)));
  }

  async metainfo(infoHash: InfoHash, signal: AbortSignal): Promise<Uint8Array> {
    return this.#model.store.metainfo(infoHash) ?? (await this.#metainfoFromEngine(infoHash, signal));
  }

  onEvent(listener: (event: CatalogEvent) => void): () => void {
    return this.#model.listen(listener);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#poller.stop(), this.#adds.stop(), this.#commands.stop(), this.#fetcher.stop()]);
    this.#model.journal.close();
  }

  #restore(): void {
    const { torrents, pending, removals } = this.#model.journal.state;
    for (const [infoHash, record] of torrents) this.#model.enter(infoHash, record);
    for (const record of pending.values()) this.#adds.restore(record);
    for (const [infoHash, { deleteData }] of removals)
      this.#removals.begin(infoHash, { deleteData, pendingId: undefined });
  }

  #onAccepted(entry: CatalogEntry): void {
    this.#removals.end(entry.infoHash);
    entry.knownSincePoll = this.#poller.sequence + 1;
    if (!entry.hasMetadata) this.#fetcher.want(entry.infoHash);
    this.#poller.soon();
  }

  #onListed(listing: Listing): void {
    if (listing.afterSilence) {
      this.#adds.wake();
      this.#commands.wake();
    }
    this.#listings.onListed(listing);
  }

  #tell(infoHash: InfoHash, kind: 'run-state' | 'pin', call: (signal: AbortSignal) => Promise<void>): void {
    const entry = this.#model.known(infoHash);
    this.#commands.enqueue(infoHash, {
      kind,
      run: async signal => {
        await entry.whenAccepted(signal);
        await call(signal);
      },
      onDone: () => this.#poller.soon(),
      onFailed: error => this.report({ name: entry.renamedTo ?? entry.name, source: infoHash, error }),
    });
  }

  async #metainfoFromEngine(infoHash: InfoHash, signal: AbortSignal): Promise<Uint8Array> {
    const call = (bounded: AbortSignal) => this.#engine.metainfo(infoHash, { signal: bounded });
    return await boundedCall(call, { signal, timeoutMs: METAINFO_TIMEOUT_MS });
  }
}

/** A large .torrent from a loaded server takes some seconds. */
const METAINFO_TIMEOUT_MS = 60_000;
