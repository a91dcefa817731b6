import type {
  EngineError,
  FileWishes,
  InfoHash,
  TorrentDetails,
  TorrentSource,
  TorrentSummary,
} from '../engine/index.ts';
import type { TorrentState } from './torrent-state.ts';

/**
 * The torrents of one mount: what the engine lists, refined and remembered. It answers from memory, writes its journal before
 * it answers a change, and tells the engine afterwards. It polls the engine, one `list()` a poll.
 */
export interface Catalog {
  /** In the order in which they were added to the mount. Those that resolve are among them, without details. */
  torrents(): readonly CatalogTorrent[];
  get(infoHash: InfoHash): CatalogTorrent | undefined;
  /** URLs that are not fetched yet, oldest first. */
  pendingUrls(): readonly PendingUrl[];
  forgotten(): readonly ForgottenTorrent[];
  /** What failed of late, oldest first; at most 100. */
  failures(): readonly CatalogFailure[];
  /** Adds a failure that somebody else met, such as a dropped file that is no torrent. */
  report(failure: Omit<CatalogFailure, 'atMs'>): void;
  /** Whether the engine answered the last poll. */
  readonly engineAnswers: boolean;
  /** Why it does not; undefined while it does, and before it was asked. */
  readonly engineSilence: EngineSilence | undefined;

  /**
   * Journals the intent and returns at once; the engine works on it in the background, across restarts. Every change below
   * is journalled before it returns, and throws EngineError `no-space` or `io`, leaving all as it was, when it cannot be.
   *
   * @throws EngineError `duplicate` for what is there already
   */
  add(source: TorrentSource, options: CatalogAddOptions): CatalogTorrent | PendingUrl;
  /** Forgets, keeping the payload unless `deleteData`; true when there was such a torrent. */
  remove(infoHash: InfoHash, options: { readonly deleteData: boolean }): boolean;
  /** True when there was such a URL. */
  removeUrl(url: string): boolean;
  /** Renames the entry in the mount only. */
  rename(infoHash: InfoHash, entryName: string): void;
  /** These tell the engine afterwards, until it has heard it; what it refuses is in {@link failures}. */
  pause(infoHash: InfoHash): void;
  resume(infoHash: InfoHash): void;
  /** Whether the engine can keep files downloading on request. */
  readonly canPin: boolean;
  /** See `Engine.setFileWishes`. Without {@link canPin} it does nothing. */
  setFileWishes(infoHash: InfoHash, wishes: FileWishes): void;

  /** Whether the engine has yet to take the torrent. */
  isPending(infoHash: InfoHash): boolean;
  /** Resolves when the engine has the torrent, or has had it all along. @throws the signal's reason; EngineError when it refuses */
  whenAccepted(infoHash: InfoHash, signal: AbortSignal): Promise<void>;

  /** File list and piece hashes: from memory or the data directory, else from the engine. */
  details(infoHash: InfoHash, signal: AbortSignal): Promise<TorrentDetails>;
  metainfo(infoHash: InfoHash, signal: AbortSignal): Promise<Uint8Array>;

  onEvent(listener: (event: CatalogEvent) => void): () => void;
  /** Stops polling and pending adds, closes the journal. The engine is stopped by whoever made it. */
  stop(): Promise<void>;
}

/** The engine has not answered since. */
export interface EngineSilence {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** What the last poll failed with. */
  readonly error: unknown;
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
  /** Undefined while the metadata is not known here. May read the data directory: keep it, do not ask again and again. */
  readonly details: TorrentDetails | undefined;
  /** Undefined while the metadata is not known here. */
  readonly pieceCount: number | undefined;
  /** Why its state is `error`, or what was last in the way of adding it. */
  readonly lastError: EngineError | undefined;
  /** Milliseconds since 1970 of the last poll that told of it. */
  readonly updatedAtMs: number;
}

/** A .torrent URL whose info hash is not known before it is fetched. */
export interface PendingUrl {
  readonly url: string;
  readonly addedAtSeconds: number;
  /** Why the last attempt failed. */
  readonly lastError: EngineError | undefined;
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
  /** Forgotten, deleted, or gone from the engine; also of one that has never appeared. */
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
