import type { EngineFigures } from './figures.ts';
import type { LocalFile, PieceHolders, PieceMap } from './pieces.ts';
import type { TorrentSource } from './source.ts';
import type { InfoHash, TorrentDetails, TorrentSummary } from './torrent.ts';

/**
 * The contract that every engine keeps; `test/contract/engine-contract.ts` holds each of them to it, the fake included.
 *
 * An engine owns its list of torrents and their payload, both of which outlive it. It is keyed by info hash. Whatever waits
 * takes an AbortSignal and rejects with the signal's reason when it fires; every other failure is an `EngineError`.
 * Nothing is fetched before it is wanted by an open stream, unless the engine was told to download all.
 */
export interface Engine {
  /** For people: `embedded`, `rqbit 9.0.1 at http://127.0.0.1:3030`. Never branched on. */
  readonly description: string;

  /** Every torrent, in one call, in no particular order. */
  list(options: WaitOptions): Promise<readonly TorrentSummary[]>;

  /**
   * For how long whoever keeps the list has been running, at most: started anew, it may have lost it. Optional: not every engine
   * can be started anew under the one who uses it.
   */
  uptimeMs?(options: WaitOptions): Promise<number>;

  /**
   * Adds a torrent and resolves once its metadata is known, which for a magnet without peers is never: abort it, or leave it.
   * Adding what is there already resolves like the first time.
   */
  add(source: TorrentSource, options: AddOptions): Promise<InfoHash>;

  /** Takes the torrent off the list and keeps its payload. Succeeds when it is not there. */
  forget(infoHash: InfoHash, options: WaitOptions): Promise<void>;

  /** Takes the torrent off the list and deletes its payload. Succeeds when it is not there. */
  delete(infoHash: InfoHash, options: WaitOptions): Promise<void>;

  /** Both succeed when the torrent is in that state already. */
  pause(infoHash: InfoHash, options: WaitOptions): Promise<void>;
  resume(infoHash: InfoHash, options: WaitOptions): Promise<void>;

  /** The file list and the piece hashes, out of {@link metainfo}. Kept by the caller: they never change. */
  details(infoHash: InfoHash, options: WaitOptions): Promise<TorrentDetails>;

  /** The bytes of a .torrent file with the exact info dictionary. */
  metainfo(infoHash: InfoHash, options: WaitOptions): Promise<Uint8Array>;

  /** Which pieces are held and verified. One live object for each torrent. */
  pieces(infoHash: InfoHash, options: WaitOptions): Promise<PieceMap>;

  /**
   * Which of the connected peers have these pieces. For people who wonder. Optional: not every engine is told by its peers'
   * side of the wire, and then nobody knows.
   */
  holders?(infoHash: InfoHash, pieces: readonly number[], options: WaitOptions): Promise<PieceHolders>;

  /**
   * Where on this machine the file's held pieces can be read, if they can; cheap enough to ask at every open. An engine that alone
   * writes the file looks whether it does: when anybody else has, {@link mustVerify} tells once this has resolved.
   */
  localFile(file: FileId, options: WaitOptions): Promise<LocalFile | undefined>;

  /** Opens a stream of the file's bytes from `start` on. Costs nothing until its first read. */
  open(file: FileId, options: StreamOptions): ByteStream;

  /**
   * Whether bytes of its streams, or of its files on this machine, may be wrong, so that whoever reads them hashes them first: other
   * torrents use the same files, or somebody has written to them. Asked once they are read, for it may have become true meanwhile.
   * Optional: an engine may be sure of what it streams.
   */
  mustVerify?(infoHash: InfoHash): boolean;

  /**
   * Looks again at a piece whose bytes on this machine were read and do not match. If they are wrong indeed, it is missing from then
   * on, and fetched like any other; and the rest is not to be believed either ({@link mustVerify}). Optional: not every engine can.
   */
  recheck?(infoHash: InfoHash, piece: number, options: WaitOptions): Promise<void>;

  /**
   * Fetches these bytes when nothing is left to ask for that an open stream wants; in place of what was given before. They may
   * lie in files that nobody has open. Optional: not every engine can fetch without a stream. A torrent that is not there is no
   * error.
   */
  fetchAhead?(infoHash: InfoHash, ranges: readonly TorrentRange[]): void;

  /**
   * What is downloaded although nobody reads it (`pin`), in place of what was said before. Files of which nothing is said are as
   * the engine was told for every torrent. Optional: not every engine can tell files apart.
   */
  setFileWishes?(infoHash: InfoHash, wishes: FileWishes, options: WaitOptions): Promise<void>;

  /** Its own workings, for metrics. */
  figures?(): EngineFigures;

  /** Calls back whenever `list()` would tell of another set of torrents, or of another state of one. Not for progress. */
  onChange(listener: () => void): () => void;

  /** Ends every stream with `stopped`, keeps all that is worth keeping, and resolves when nothing of the engine is left. */
  stop(): Promise<void>;
}

export interface WaitOptions {
  readonly signal: AbortSignal;
}

export interface AddOptions extends WaitOptions {
  /** Addresses to dial at once, `host:port`, beside those of the source. */
  readonly peers: readonly string[];
}

/** A file of a torrent, by its index in the metadata's list. */
export interface FileId {
  readonly infoHash: InfoHash;
  readonly fileIndex: number;
}

/** Files by their indices in the metadata's list. Neither these nor those of other ranges beside it overlap. */
export interface FileIndexRange {
  readonly first: number;
  readonly endExclusive: number;
}

export interface FileWishes {
  /** Kept downloading until they are whole, in this order as far as the engine can. */
  readonly wanted: readonly FileIndexRange[];
  /** Fetched only as they are read. */
  readonly unwanted: readonly FileIndexRange[];
}

/** Bytes from the first byte of piece 0. */
export interface TorrentRange {
  readonly start: number;
  readonly endExclusive: number;
}

export interface StreamOptions extends WaitOptions {
  /** File offset of the first byte; at most the file's length. */
  readonly start: number;
  /** The first file offset that is not wanted; see {@link ByteStream.extend}. */
  readonly endExclusive: number;
  /** Where streams are in each other's way, a higher one goes before; 0 when left out. It may change, and is asked for anew. */
  readonly priority?: (() => number) | undefined;
  /** The reads that wait for its bytes now, by their names in the log; an engine asks at `debug` only. */
  readonly reads?: (() => readonly string[]) | undefined;
}

/**
 * Bytes of one file in order. While it is open, the engine fetches what lies between the next byte and `endExclusive`
 * before anything else, and does not fetch what lies beyond on its account.
 */
export interface ByteStream {
  /** File offset of the byte that the next `read` begins with. */
  readonly position: number;
  readonly endExclusive: number;
  /**
   * Bytes that have come in towards the piece at `position` and cannot be handed out before the whole of it is checked; only
   * that it grows has a meaning. Optional: without it a piece that takes longer than a reader's timeout looks like standstill.
   */
  readonly uncheckedBytes?: number;

  /**
   * The next bytes, at least one and at most up to `endExclusive`; waits for as long as they are missing. Undefined at
   * `endExclusive`. Every byte is checked as far as the engine can: see `docs/SEMANTICS.md`. One call at a time.
   *
   * The bytes are the caller's until it calls again: then their memory may be used for others.
   */
  read(): Promise<Uint8Array | undefined>;

  /** Moves the end of what is wanted, forward only. Asks for the priority anew, also where the end stays. */
  extend(endExclusive: number): void;

  /** Drops the demand and frees whatever the stream holds. Idempotent. A pending read rejects with `stopped`. */
  close(): void;
}
