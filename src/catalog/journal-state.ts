import type { InfoHash } from '../engine/index.ts';
import type { JournalRecord, PathSettings, PendingSource } from './journal-records.ts';

/** What the journal says in all: its records, one applied after another. */
export interface JournalState {
  readonly engine: string | undefined;
  /** By the pending add's id, oldest first. */
  readonly pending: ReadonlyMap<string, PendingRecord>;
  /** In the order in which they came. */
  readonly torrents: ReadonlyMap<InfoHash, TorrentRecord>;
  /** Removed from the mount, while the engine has yet to be told. */
  readonly removals: ReadonlyMap<InfoHash, RemovalRecord>;
  readonly forgotten: ReadonlyMap<InfoHash, ForgottenRecord>;
  readonly settings: ReadonlyMap<string, SettingsRecord>;
  /** The same by torrent; null is the whole mount. */
  readonly settingsOf: ReadonlyMap<InfoHash | null, ReadonlyMap<string, SettingsRecord>>;
  readonly watched: ReadonlyMap<string, string>;
}

export interface PendingRecord {
  readonly id: string;
  readonly source: PendingSource;
  readonly origin: string;
  readonly peers: readonly string[];
  readonly atSeconds: number;
}

export interface TorrentRecord {
  readonly name: string;
  readonly addedAtSeconds: number;
  readonly own: boolean;
  readonly renamedTo: string | undefined;
}

export interface RemovalRecord {
  readonly name: string;
  readonly deleteData: boolean;
  readonly atSeconds: number;
  /** What the torrent was, in case that it comes back. Undefined for one that was still resolving. */
  readonly torrent: TorrentRecord | undefined;
}

export interface ForgottenRecord {
  readonly name: string;
  readonly forgottenAtSeconds: number;
}

export interface SettingsRecord {
  readonly infoHash: InfoHash | null;
  readonly path: readonly string[];
  readonly settings: PathSettings;
}

export class MutableJournalState implements JournalState {
  engine: string | undefined;
  readonly pending = new Map<string, PendingRecord>();
  readonly torrents = new Map<InfoHash, TorrentRecord>();
  readonly removals = new Map<InfoHash, RemovalRecord>();
  readonly forgotten = new Map<InfoHash, ForgottenRecord>();
  readonly settings = new Map<string, SettingsRecord>();
  readonly settingsOf = new Map<InfoHash | null, Map<string, SettingsRecord>>();
  readonly watched = new Map<string, string>();

  apply(record: JournalRecord): void {
    switch (record.type) {
      case 'engine':
        this.engine = record.engine;
        break;
      case 'pending':
        this.#applyPending(record);
        break;
      case 'pending-done':
        this.pending.delete(record.id);
        break;
      case 'torrent':
        this.#applyTorrent(record);
        break;
      case 'vanished':
        this.torrents.delete(record.infoHash);
        break;
      case 'renamed':
        this.#applyRename(record);
        break;
      case 'removed':
        this.#applyRemoval(record);
        break;
      case 'removal-done':
        this.removals.delete(record.infoHash);
        break;
      case 'restored':
        this.#applyRestoral(record.infoHash);
        break;
      case 'settings':
        this.#applySettings(record);
        break;
      case 'watched':
        if (record.identity === null) this.watched.delete(record.name);
        else this.watched.set(record.name, record.identity);
        break;
    }
  }

  /** A short list of records that leads to this state. */
  *records(): Generator<JournalRecord> {
    if (this.engine !== undefined) yield { type: 'engine', engine: this.engine };
    for (const [infoHash, removal] of this.removals) {
      if (removal.torrent !== undefined) yield* recordsOfTorrent(infoHash, removal.torrent);
      yield { type: 'removed', infoHash, ...withoutTorrent(removal) };
    }
    for (const [infoHash, { name, forgottenAtSeconds }] of this.forgotten) {
      if (this.removals.has(infoHash)) continue;
      yield { type: 'removed', infoHash, name, deleteData: false, atSeconds: forgottenAtSeconds };
      yield { type: 'removal-done', infoHash };
    }
    for (const [infoHash, torrent] of this.torrents) yield* recordsOfTorrent(infoHash, torrent);
    for (const pending of this.pending.values()) yield { type: 'pending', ...pending };
    for (const { infoHash, path, settings } of this.settings.values()) {
      yield { type: 'settings', infoHash, path, settings };
    }
    for (const [name, identity] of this.watched) yield { type: 'watched', name, identity };
  }

  /** The latest wish wins: whoever adds a torrent again takes back its removal. */
  #applyPending({ type: _, ...pending }: Extract<JournalRecord, { type: 'pending' }>): void {
    this.pending.set(pending.id, pending);
    if (pending.source.kind === 'url') return;
    this.removals.delete(pending.source.infoHash);
    this.forgotten.delete(pending.source.infoHash);
  }

  #applyTorrent({ infoHash, name, addedAtSeconds, own }: Extract<JournalRecord, { type: 'torrent' }>): void {
    this.torrents.set(infoHash, { name, addedAtSeconds, own, renamedTo: this.torrents.get(infoHash)?.renamedTo });
    this.removals.delete(infoHash);
    this.forgotten.delete(infoHash);
  }

  #applyRename({ infoHash, entryName }: Extract<JournalRecord, { type: 'renamed' }>): void {
    const torrent = this.torrents.get(infoHash);
    if (torrent !== undefined) this.torrents.set(infoHash, { ...torrent, renamedTo: entryName });
  }

  #applyRemoval(record: Extract<JournalRecord, { type: 'removed' }>): void {
    const { infoHash, name, deleteData, atSeconds } = record;
    const torrent = this.torrents.get(infoHash) ?? this.removals.get(infoHash)?.torrent;
    this.removals.set(infoHash, { name, deleteData, atSeconds, torrent });
    this.torrents.delete(infoHash);
    for (const [id, { source }] of this.pending) {
      if (source.kind !== 'url' && source.infoHash === infoHash) this.pending.delete(id);
    }
    if (deleteData) this.#leaveNoTrace(infoHash);
    else this.forgotten.set(infoHash, { name, forgottenAtSeconds: atSeconds });
  }

  #leaveNoTrace(infoHash: InfoHash): void {
    this.forgotten.delete(infoHash);
    for (const key of this.settingsOf.get(infoHash)?.keys() ?? []) this.settings.delete(key);
    this.settingsOf.delete(infoHash);
  }

  #applyRestoral(infoHash: InfoHash): void {
    const torrent = this.removals.get(infoHash)?.torrent;
    this.removals.delete(infoHash);
    this.forgotten.delete(infoHash);
    if (torrent !== undefined) this.torrents.set(infoHash, torrent);
  }

  #applySettings({ infoHash, path, settings }: Extract<JournalRecord, { type: 'settings' }>): void {
    const key = settingsKey(infoHash, path);
    const ofTorrent = this.settingsOf.get(infoHash) ?? new Map<string, SettingsRecord>();
    if (Object.values(settings).every(value => value === undefined)) {
      this.settings.delete(key);
      ofTorrent.delete(key);
    } else {
      const saying = { infoHash, path, settings };
      this.settings.set(key, saying);
      ofTorrent.set(key, saying);
    }
    if (ofTorrent.size > 0) this.settingsOf.set(infoHash, ofTorrent);
    else this.settingsOf.delete(infoHash);
  }
}

/** No component of a path holds a slash. */
export function settingsKey(infoHash: InfoHash | null, path: readonly string[]): string {
  return [infoHash ?? '', ...path].join('/');
}

function* recordsOfTorrent(infoHash: InfoHash, torrent: TorrentRecord): Generator<JournalRecord> {
  const { renamedTo, ...rest } = torrent;
  yield { type: 'torrent', infoHash, ...rest };
  if (renamedTo !== undefined) yield { type: 'renamed', infoHash, entryName: renamedTo };
}

function withoutTorrent({ torrent: _, ...rest }: RemovalRecord): Omit<RemovalRecord, 'torrent'> {
  return rest;
}
