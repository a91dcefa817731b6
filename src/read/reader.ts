import type { FileId, FileState, TorrentDetails } from '../engine/index.ts';

/**
 * The door to the bytes of files, on the main thread. Everything below it (cache, in-flight fetches, read-ahead, admission,
 * local files, engine streams) is reached only through here, but for reads that hit the shared cache: those are answered by
 * `FastReader` on the fuse thread, from the same memory, and reported with {@link Reader.touched}.
 */
export interface Reader {
  /** Takes a slot in the shared handle table. Costs no I/O. @throws ReadError `too-many-handles` */
  open(file: ReadableFile, policy: ReadPolicy): number;

  /** The last descriptor is gone: drops the read-ahead and cancels the fetches that nobody else waits for. */
  close(handle: number): void;

  /**
   * A descriptor of a handle that the kernel reads through its page cache was closed: told only of those, because whoever waited there
   * and was killed does not end its read, and the handle is not closed before its reads are answered. Others may have duplicates
   * of the descriptor, so it is no proof: the read-ahead is dropped at once, and the reads that wait now end after a short grace.
   */
  flushed(handle: number): void;

  /**
   * Exactly the bytes `[offset, offset + length)`, cut only by the end of the file, as slices of private memory.
   *
   * @throws ReadError `missing` (policy eagain or `nonBlocking`), `timeout`, `too-many-waiters`; EngineError; the signal's reason
   */
  read(handle: number, range: ReadRange, options: ReadOptions): Promise<readonly Uint8Array[]>;

  /** The caller is done with what `read` gave it: the memory may be used for other answers. Need not be told. */
  recycle(slices: readonly Uint8Array[]): void;

  /** The fuse thread served reads from the cache with which the handle passed its read-ahead mark or jumped; the last one counts. */
  touched(handle: number): void;

  /** Changes the policy of an open handle. */
  setPolicy(handle: number, policy: ReadPolicy): void;

  /** The whole file on this machine, with every piece of it verified against the file as it is now; else undefined. */
  verifiedLocalFile(file: ReadableFile, options: { readonly signal: AbortSignal }): Promise<VerifiedFile | undefined>;

  /**
   * Ends with EngineError `stopped` the reads of which nothing was heard for `silentMs`: the mount is to go, and waits for those
   * alone that get on.
   */
  dismiss(silentMs: number): void;

  /** Cancels every wait with EngineError `stopped` and resolves when no stream, timer or descriptor of it is left. */
  stop(): Promise<void>;
}

export interface VerifiedFile {
  readonly path: string;
  /** In which it was when it was verified. */
  readonly state: FileState;
  /** See `LocalFile.mayHang`. */
  readonly mayHang: boolean;
}

export interface ReadableFile extends FileId {
  readonly details: TorrentDetails;
}

export interface ReadRange {
  /** File offset of the first byte. */
  readonly offset: number;
  /** Bytes; over 0. */
  readonly length: number;
}

export interface ReadOptions {
  /** The caller went away, or the mount does. */
  readonly signal: AbortSignal;
  /** O_NONBLOCK: what is missing is `missing` at once, whatever the policy. */
  readonly nonBlocking: boolean;
  /** What the kernel calls the request; follows the read through the debug log. */
  readonly id?: number | undefined;
}

export interface ReadPolicy {
  readonly whenMissing: 'wait' | 'eagain';
  /** How long a read may wait without one new byte arriving for it, before it fails with `timeout`. */
  readonly timeoutMs: number;
  /** Where reads are in each other's way, a higher one goes before; 0 when left out. */
  readonly priority?: number;
}
