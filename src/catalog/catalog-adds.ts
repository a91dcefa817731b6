import { randomUUID } from 'node:crypto';
import { type Engine, EngineError, type InfoHash, type TorrentSource } from '../engine/index.ts';
import type { CatalogAddOptions, CatalogTorrent, PendingUrl } from './catalog.ts';
import type { CatalogEntry } from './catalog-entry.ts';
import { type CatalogModel, torrentRecord } from './catalog-model.ts';
import type { PendingRecord, TorrentRecord } from './journal-state.ts';
import { type PendingAdd, PendingAdds } from './pending-adds.ts';
import { describeSource, engineSource, sourceOf, toPendingSource } from './pending-source.ts';

export interface CatalogAddsOptions {
  readonly model: CatalogModel;
  readonly engine: Pick<Engine, 'add'>;
  /** Addresses that are dialled for every torrent, `host:port`. */
  readonly peers: readonly string[];
  engineAnswers(): boolean;
  /** Drops what the engine was yet to be told of the torrent; resolves when it is not being told any more. */
  cancelCommands(infoHash: InfoHash): Promise<void>;
  /** The engine has the torrent since a moment ago. */
  onAccepted(entry: CatalogEntry): void;
}

/** What the mount was told to add: from the journal record of the wish to the torrent that the engine has. */
export class CatalogAdds {
  readonly #options: CatalogAddsOptions;
  readonly #model: CatalogModel;
  readonly #adds: PendingAdds;
  /** By the pending add's id. */
  readonly #urls = new Map<string, MutablePendingUrl>();

  constructor(options: CatalogAddsOptions) {
    this.#options = options;
    this.#model = options.model;
    this.#adds = new PendingAdds({
      engine: options.engine,
      engineAnswers: () => options.engineAnswers(),
      onAdded: (add, infoHash) => this.#onAdded(add, infoHash),
      onFailed: (add, error) => this.#onFailed(add, error),
      onTrouble: (add, error) => this.#onTrouble(add, error),
    });
  }

  urls(): readonly PendingUrl[] {
    return [...this.#urls.values()];
  }

  add(source: TorrentSource, options: CatalogAddOptions): CatalogTorrent | PendingUrl {
    const pending: PendingRecord = {
      id: randomUUID(),
      source: toPendingSource(source),
      origin: options.origin,
      peers: [...new Set([...options.peers, ...this.#options.peers])],
      atSeconds: this.#model.nowSeconds,
    };
    return source.kind === 'url' ? this.#addUrl(source, pending) : this.#addTorrent(source, pending);
  }

  /** Gives the engine a torrent that it has lost. */
  addAgain(entry: CatalogEntry): void {
    const source = sourceOf({ kind: 'metainfo', infoHash: entry.infoHash }, this.#model.store);
    const pending: PendingRecord = {
      id: randomUUID(),
      source: toPendingSource(source),
      origin: entry.name,
      peers: this.#options.peers,
      atSeconds: entry.addedAtSeconds,
    };
    this.#model.note({ type: 'pending', ...pending });
    entry.beginAdd(pending.id);
    this.#start(source, pending);
  }

  restore(record: PendingRecord): void {
    const source = sourceOf(record.source, this.#model.store);
    if (source.kind === 'url') {
      this.#urls.set(record.id, new MutablePendingUrl(source.url.href, record.atSeconds));
    } else {
      const { infoHash } = source;
      const entry = this.#model.entries.get(infoHash) ?? this.#model.enter(infoHash, this.#recordOf(source, record));
      entry.beginAdd(record.id);
    }
    this.#start(source, record);
  }

  removeUrl(url: string): boolean {
    const [id] = [...this.#urls].find(([, pending]) => pending.url === url) ?? [];
    if (id === undefined) return false;
    this.#model.journal.append({ type: 'pending-done', id });
    this.#urls.delete(id);
    void this.#adds.cancel(id);
    return true;
  }

  /** Resolves when the engine is not asked for it any more. */
  async cancel(id: string): Promise<void> {
    await this.#adds.cancel(id);
  }

  wake(): void {
    this.#adds.wake();
  }

  async stop(): Promise<void> {
    await this.#adds.stop();
  }

  #addUrl(source: TorrentSource & { kind: 'url' }, pending: PendingRecord): PendingUrl {
    const url = source.url.href;
    if (this.urls().some(known => known.url === url)) {
      throw new EngineError('duplicate', `${url} is being fetched already`);
    }
    this.#model.journal.append({ type: 'pending', ...pending });
    const entry = new MutablePendingUrl(url, pending.atSeconds);
    this.#urls.set(pending.id, entry);
    this.#start(source, pending);
    return entry;
  }

  #addTorrent(source: TorrentSource & { infoHash: InfoHash }, pending: PendingRecord): CatalogTorrent {
    const { journal, store, entries } = this.#model;
    const { infoHash } = source;
    const known = entries.get(infoHash);
    if (known !== undefined && !helps(source, known)) throw duplicate(known);
    if (source.kind === 'metainfo') store.put(source.bytes);
    const replaced = known?.pendingId;
    const record = this.#recordOf(source, pending);
    journal.append(
      ...(replaced === undefined ? [] : [{ type: 'pending-done', id: replaced } as const]),
      { type: 'pending', ...pending },
      ...(store.has(infoHash) ? [{ type: 'torrent', infoHash, ...withoutRename(record) } as const] : []),
    );
    const entry = known ?? this.#model.enter(infoHash, record);
    entry.own = true;
    entry.beginAdd(pending.id);
    if (entry.hasMetadata) this.#model.appear(entry, record.name);
    this.#start(source, pending, this.#untilFree(infoHash, replaced));
    return entry;
  }

  #start(source: TorrentSource, { id, peers }: PendingRecord, after?: Promise<void>): void {
    const named = source.kind === 'magnet' ? source.peers : [];
    this.#adds.start({
      id,
      source: engineSource(source, this.#model.store),
      peers: [...new Set([...peers, ...named])],
      ...(after && { after }),
    });
  }

  /** The engine must not be asked two things about one torrent at once. */
  async #untilFree(infoHash: InfoHash, replaced: string | undefined): Promise<void> {
    await this.#options.cancelCommands(infoHash);
    if (replaced !== undefined) await this.#adds.cancel(replaced);
  }

  #recordOf(source: TorrentSource & { infoHash: InfoHash }, pending: PendingRecord): TorrentRecord {
    const displayName = source.kind === 'magnet' ? source.displayName : undefined;
    const name = this.#model.store.details(source.infoHash)?.name ?? displayName ?? source.infoHash;
    return { name, addedAtSeconds: pending.atSeconds, own: true, renamedTo: undefined };
  }

  #onAdded(add: PendingAdd, infoHash: InfoHash): void {
    const { journal, entries, nowSeconds } = this.#model;
    const pending = journal.state.pending.get(add.id);
    const addedAtSeconds = pending?.atSeconds ?? nowSeconds;
    const known = entries.get(infoHash);
    this.#urls.delete(add.id);
    // A poll may have told of what a URL led to before the engine's answer did.
    if (add.source.kind === 'url' && known !== undefined && known.addedAtSeconds < addedAtSeconds) {
      this.#model.note({ type: 'pending-done', id: add.id });
      this.#report(add, pending, duplicate(known));
      return;
    }
    const record = { name: infoHash, addedAtSeconds, own: true, renamedTo: undefined };
    const entry = known ?? this.#model.enter(infoHash, record);
    entry.own = true;
    entry.lastError = undefined;
    entry.endAdd();
    const isKept = journal.state.torrents.get(infoHash)?.own ?? false;
    this.#model.note(...(isKept ? [] : [torrentRecord(entry)]), { type: 'pending-done', id: add.id });
    if (known === undefined && entry.hasMetadata) this.#model.appear(entry, entry.details?.name ?? infoHash);
    this.#options.onAccepted(entry);
  }

  #onFailed(add: PendingAdd, error: EngineError): void {
    const pending = this.#model.journal.state.pending.get(add.id);
    this.#model.note({ type: 'pending-done', id: add.id });
    this.#urls.delete(add.id);
    const entry = this.#entryOf(add);
    if (entry !== undefined) {
      this.#model.note({ type: 'vanished', infoHash: entry.infoHash });
      this.#model.drop(entry);
      entry.endAdd(error);
    }
    this.#report(add, pending, error);
  }

  #onTrouble(add: PendingAdd, error: EngineError): void {
    const troubled = this.#urls.get(add.id) ?? this.#entryOf(add);
    if (troubled !== undefined) troubled.lastError = error;
    this.#model.logger.debug({ source: describeSource(add.source), error }, 'adding did not work; trying again');
  }

  #entryOf({ source }: PendingAdd): CatalogEntry | undefined {
    return source.kind === 'url' ? undefined : this.#model.entries.get(source.infoHash);
  }

  #report(add: PendingAdd, pending: PendingRecord | undefined, error: EngineError): void {
    const source = describeSource(add.source);
    this.#model.report({ name: pending?.origin ?? source, source, error });
  }
}

class MutablePendingUrl implements PendingUrl {
  readonly url: string;
  readonly addedAtSeconds: number;
  lastError: EngineError | undefined;

  constructor(url: string, addedAtSeconds: number) {
    this.url = url;
    this.addedAtSeconds = addedAtSeconds;
  }
}

/** Whoever has the .torrent of a magnet that does not resolve helps it. */
function helps(source: TorrentSource, known: CatalogEntry): boolean {
  return source.kind === 'metainfo' && !known.hasMetadata;
}

function duplicate(known: CatalogEntry): EngineError {
  const state = known.hasMetadata ? 'in the mount' : 'being resolved';
  const name = known.renamedTo ?? known.name;
  return new EngineError('duplicate', `torrent ${known.infoHash} is ${state} already, as "${name}"`);
}

function withoutRename({ renamedTo: _, ...record }: TorrentRecord): Omit<TorrentRecord, 'renamedTo'> {
  return record;
}
