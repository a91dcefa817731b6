import type { EngineError, InfoHash, TorrentDetails, TorrentSource, TorrentSummary } from '../engine/index.ts';
import type { TorrentState } from './torrent-state.ts';

/**
 * The torrents of one mount: what the engine lists, refined and remembered. It answers from memory, writes its journal before
 * it answers a change, and tells the engine afterwards. It polls the engine, one `list()` a poll.
 */
export interface Catalog {
  /** In the order in which they were added to the mount. Those that resolve are among them, without details. */
  torrents(): readonly CatalogTorrent[];
  get(infoHash: InfoHash): CatalogTorrent | undefined;
  forgotten(): readonly ForgottenTorrent[];

  /** Journals the intent and returns at once; the engine works on it in the background, across restarts. */
  add(source: TorrentSource, options: CatalogAddOptions): CatalogTorrent | PendingUrl;
  /** Forgets, keeping the payload unless `deleteData`; true when there was such a torrent. Journalled before it returns. */
  remove(infoHash: InfoHash, options: { readonly deleteData: boolean }): boolean;
  /** Renames the entry in the mount only. */
  rename(infoHash: InfoHash, entryName: string): void;
  pause(infoHash: InfoHash): void;
  resume(infoHash: InfoHash): void;

  /** File list and piece hashes: from memory or the data directory, else from the engine. */
  details(infoHash: InfoHash, signal: AbortSignal): Promise<TorrentDetails>;
  metainfo(infoHash: InfoHash, signal: AbortSignal): Promise<Uint8Array>;

  onEvent(listener: (event: CatalogEvent) => void): () => void;
  /** Stops polling and pending adds, closes the journal. The engine is stopped by whoever made it. */
  stop(): Promise<void>;
}

export interface CatalogTorrent {
  readonly infoHash: InfoHash;
  /** What the user renamed the entry to; undefined while it goes by its own name. */
  readonly renamedTo: string | undefined;
  /** The torrent's own name, or what is known in its place while it resolves (`dn`, info hash). Hostile. */
  readonly name: string;
  readonly addedAtSeconds: number;
  readonly state: TorrentState;
  /** Undefined until the first poll that lists it. */
  readonly summary: TorrentSummary | undefined;
  /** Undefined while the metadata is not known here. */
  readonly details: TorrentDetails | undefined;
  readonly lastError: EngineError | undefined;
  /** Milliseconds since 1970 of the last poll that told of it. */
  readonly updatedAtMs: number;
}

/** A .torrent URL whose info hash is not known before it is fetched. */
export interface PendingUrl {
  readonly url: string;
}

export interface ForgottenTorrent {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly forgottenAtSeconds: number;
}

export interface CatalogAddOptions {
  readonly peers: readonly string[];
  /** What `.torrent-fuse/errors` will call the source by: a dropped file's name, `command line`, `watch folder`. */
  readonly origin: string;
}

export type CatalogEvent =
  /** Metadata is known: the entry belongs in the tree. */
  | { readonly kind: 'appeared'; readonly torrent: CatalogTorrent }
  /** Forgotten, deleted, or gone from the engine. */
  | { readonly kind: 'vanished'; readonly infoHash: InfoHash }
  | { readonly kind: 'renamed'; readonly torrent: CatalogTorrent }
  | { readonly kind: 'state'; readonly torrent: CatalogTorrent }
  | { readonly kind: 'failed'; readonly failure: CatalogFailure };

/** One line of `.torrent-fuse/errors`. */
export interface CatalogFailure {
  readonly atMs: number;
  readonly name: string;
  readonly source: string;
  readonly error: EngineError;
}
