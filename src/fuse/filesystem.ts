import type { Logger } from '../util/logger.ts';
import type { Errno } from './abi/errno.ts';

/**
 * What a filesystem implements. The dispatcher decodes a request, calls one method and replies exactly once: with what the
 * method returns, with the errno of an {@link ErrnoError} that it throws, and with EIO (and a log line) for anything else.
 * A method that is absent answers ENOSYS, or EROFS if it would write.
 *
 * A filesystem lives on one of two lanes, or has a half on each:
 * - The **fast lane** ({@link FastLane}) runs on the thread that blocks on the device. It must answer at once, so it may not
 *   return a promise. What it cannot answer it declines with {@link FORWARD}, and what it has no method for it need not
 *   decline: the request goes, as it came, to the slow lane.
 * - The **slow lane** runs on the thread that mounted, beside everything else there. It may return promises; INTERRUPT fires
 *   `context.signal`.
 *
 * On the fast lane, objects and byte arrays passed to a method, and those that it returns, are read before the next call and
 * may be reused: keep a copy, not the reference. On the slow lane what is passed belongs to the method, and what it returns
 * is read before anything else runs.
 */
export interface Filesystem {
  /** After the handshake, before the first request. */
  init?(session: SessionLimits): void;
  /** The mount is gone; no request follows. */
  destroy?(): void;

  lookup(context: RequestContext, parent: NodeId, name: Uint8Array): Answer<Entry>;
  /**
   * The kernel drops `count` of the lookups that were answered for the node. Gets no reply. One request may name many nodes: if
   * one is declined the whole request is, so that each lane hears of all of them and has to count its own alone.
   */
  forget?(node: NodeId, count: number): Forwardable<void>;
  getattr(context: RequestContext, node: NodeId): Answer<AttributesReply>;
  /** Absent: a change of atime and mtime alone succeeds, any other is EROFS. */
  setattr?(context: RequestContext, node: NodeId, change: AttributeChange): Answer<AttributesReply>;
  readlink?(context: RequestContext, node: NodeId): Answer<Uint8Array>;
  access?(context: RequestContext, node: NodeId, mask: number): Answer<void>;
  statfs?(context: RequestContext, node: NodeId): Answer<FilesystemStatistics>;

  /** @param flags open(2) flags, O_TRUNC among them: no SETATTR of the size follows. */
  open(context: RequestContext, node: NodeId, flags: number): Answer<OpenReply>;
  read(context: RequestContext, request: ReadRequest): Answer<ReadReply>;
  /** A close(2) of one descriptor of the handle; others may still be open. */
  flush?(context: RequestContext, node: NodeId, handle: number): Answer<void>;
  fsync?(context: RequestContext, node: NodeId, handle: number): Answer<void>;
  /** The last descriptor of the handle is gone. */
  release?(context: RequestContext, node: NodeId, handle: number, flags: number): Answer<void>;
  lseek?(context: RequestContext, request: SeekRequest): Answer<number>;

  opendir?(context: RequestContext, node: NodeId, flags: number): Answer<OpenReply>;
  /**
   * Adds entries to `sink` from the one after `cookie` on (0: from the start) until it is full or there are no more. `plus`:
   * the kernel takes attributes too, and counts a lookup for each entry but `.` and `..`.
   */
  readdir(context: RequestContext, request: ReadDirectoryRequest, sink: DirectorySink): Answer<void>;
  releasedir?(context: RequestContext, node: NodeId, handle: number): Answer<void>;

  getxattr?(context: RequestContext, node: NodeId, name: string): Answer<Uint8Array>;
  listxattr?(context: RequestContext, node: NodeId): Answer<readonly string[]>;
  setxattr?(context: RequestContext, node: NodeId, name: string, value: Uint8Array, flags: number): Answer<void>;
  removexattr?(context: RequestContext, node: NodeId, name: string): Answer<void>;

  create?(context: RequestContext, parent: NodeId, name: Uint8Array, flags: number, mode: number): Answer<CreateReply>;
  write?(context: RequestContext, request: WriteRequest): Answer<number>;
  mkdir?(context: RequestContext, parent: NodeId, name: Uint8Array, mode: number): Answer<Entry>;
  mknod?(context: RequestContext, parent: NodeId, name: Uint8Array, mode: number): Answer<Entry>;
  unlink?(context: RequestContext, parent: NodeId, name: Uint8Array): Answer<void>;
  rmdir?(context: RequestContext, parent: NodeId, name: Uint8Array): Answer<void>;
  rename?(context: RequestContext, request: RenameRequest): Answer<void>;
}

/** The half of a filesystem that answers at once, on the thread that blocks on the device. */
export interface FastLane extends Partial<Filesystem> {
  /** Before each request, as soon as the kernel has handed it over: the place to take in what other threads changed. */
  beforeRequest?(): void;
}

/** What the module of a fast lane exports as its default; called on the fuse thread, before anything is mounted. */
export type FastLaneFactory = (context: FastLaneContext) => FastLane | Promise<FastLane>;

export interface FastLaneContext {
  /** What the mounting thread passed: a structured clone, with shared memory and ports as they are. */
  readonly data: unknown;
  /** Lines appear in the log of the mounting thread. */
  readonly logger: Logger;
}

/** Declines a request on the fast lane: the slow lane answers it. */
export const FORWARD: unique symbol = Symbol('forward');
export type Forwardable<T> = T | typeof FORWARD;
export type Answer<T> = Forwardable<T> | Promise<T>;

/** The errno that a request fails with. */
export class ErrnoError extends Error {
  override readonly name = 'ErrnoError';
  readonly errno: Errno;

  constructor(errno: Errno, message?: string, options?: ErrorOptions) {
    super(message ?? `errno ${errno}`, options);
    this.errno = errno;
  }
}

/** A FUSE node id, a safe integer; the root is 1. Not the inode number that `stat` shows: that is in the attributes. */
export type NodeId = number;
export const ROOT_NODE: NodeId = 1;

export interface RequestContext {
  /** The kernel's number for the request, a safe integer. */
  readonly unique: number;
  readonly uid: number;
  readonly gid: number;
  /** Thread id of the caller; 0 for the kernel itself. */
  readonly pid: number;
  /** Fires when the caller was interrupted, or the mount goes away. On the fast lane it never fires. */
  readonly signal: AbortSignal;
}

export interface SessionLimits {
  /** Bytes of the largest READ that can come. */
  readonly maxRead: number;
  /** The kernel maps files that are open for direct I/O (FUSE_DIRECT_IO_ALLOW_MMAP). */
  readonly directIoMmap: boolean;
  /** Files can be handed to the kernel whole (FUSE_PASSTHROUGH); opening a backing file may still be refused. */
  readonly passthrough: boolean;
}

export interface Attributes {
  /** The inode number of `stat`: a u64 in two halves, so that it needs no BigInt. */
  inodeHigh: number;
  inodeLow: number;
  /** File type and permission bits, as in `st_mode`. */
  mode: number;
  size: number;
  /** In units of 512 bytes. */
  blocks: number;
  /** Seconds since 1970; shown as mtime, ctime and atime. */
  mtimeSeconds: number;
  linkCount: number;
  uid: number;
  gid: number;
}

export interface AttributesReply {
  attributes: Attributes;
  /** Seconds for which the kernel may believe the attributes. */
  validSeconds: number;
}

export interface Entry extends AttributesReply {
  node: NodeId;
  /** Distinguishes uses of the same node id over time. */
  generation: number;
  /** Seconds for which the kernel may believe the name. With `node` 0 the name is absent for that long. */
  entryValidSeconds: number;
}

/** What SETATTR asks for; undefined is untouched. */
export interface AttributeChange {
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly size: number | undefined;
  readonly atime: boolean;
  readonly mtime: boolean;
}

export interface OpenReply {
  /** Chosen by the filesystem; comes back with every request on the handle. A safe integer. */
  handle: number;
  /** FOPEN_* of `abi/flags.ts`. */
  flags: number;
  /** With FOPEN_PASSTHROUGH: what `FUSE_DEV_IOC_BACKING_OPEN` returned. Else 0. */
  backingId: number;
}

export interface CreateReply {
  entry: Entry;
  open: OpenReply;
}

export interface ReadRequest {
  readonly node: NodeId;
  readonly handle: number;
  /** Here and below, cut to the largest safe integer. */
  readonly offset: number;
  readonly size: number;
  /** Open flags of the file description, O_NONBLOCK among them, as they are now. */
  readonly flags: number;
}

/** The bytes of a READ: the slices, one after another. Fewer bytes than asked only at the end of the file. */
export interface ReadReply {
  readonly slices: readonly Uint8Array[];
  /** Called once the kernel has copied the slices, or the reply failed. */
  release?(): void;
}

export interface ReadDirectoryRequest {
  readonly node: NodeId;
  readonly handle: number;
  readonly cookie: number;
  readonly plus: boolean;
}

export interface DirectorySink {
  /**
   * @param cookie what the next request will resume after; a safe integer over 0
   * @returns false when the entry did not fit: stop
   */
  add(name: Uint8Array, cookie: number, entry: Entry): boolean;
}

export interface SeekRequest {
  readonly node: NodeId;
  readonly handle: number;
  readonly offset: number;
  /** SEEK_DATA (3) or SEEK_HOLE (4): the kernel does the others itself. */
  readonly whence: number;
}

export interface WriteRequest {
  readonly node: NodeId;
  readonly handle: number;
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface RenameRequest {
  readonly parent: NodeId;
  readonly name: Uint8Array;
  readonly newParent: NodeId;
  readonly newName: Uint8Array;
  /** RENAME_NOREPLACE (1), RENAME_EXCHANGE (2). */
  readonly flags: number;
}

/** Counts in units of `blockSize` bytes. */
export interface FilesystemStatistics {
  blockSize: number;
  blocks: number;
  blocksFree: number;
  blocksAvailable: number;
  files: number;
  filesFree: number;
  nameLengthMax: number;
}
