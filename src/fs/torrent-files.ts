import { closeSync } from 'node:fs';
import { boundedCall } from '../catalog/bounded-call.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { EngineError, type FileState, stateNow, type TorrentDetails } from '../engine/index.ts';
import { Errno } from '../fuse/abi/errno.ts';
import { OpenFlag, OpenReplyFlag } from '../fuse/abi/flags.ts';
import {
  ErrnoError,
  type NodeId,
  type OpenReply,
  type ReadReply,
  type ReadRequest,
  type RequestContext,
  type SessionLimits,
} from '../fuse/filesystem.ts';
import { ReadError } from '../read/errors.ts';
import type { ReadableFile, Reader, ReadPolicy } from '../read/reader.ts';
import { timeoutSignal } from '../util/timeout-signal.ts';
import { nodeIdOf } from './node-id.ts';
import { type OpenMode, OpenModes, type Verified } from './open-modes.ts';
import { openUnchanged } from './open-unchanged.ts';
import { type PolicySources, policyAt } from './read-policy.ts';
import { refusals } from './refusals.ts';
import { infoHashOf } from './torrent-root.ts';
import { placeOf, type TreeNode } from './tree-node.ts';

/** Hands files to the kernel whole (`fuse/backing-files.ts`). */
export interface BackingRegistry {
  /** @returns undefined when the kernel refuses */
  open(fd: number): number | undefined;
  close(backingId: number): void;
}

export interface TorrentFilesOptions extends PolicySources {
  readonly catalog: Catalog;
  readonly reader: Reader;
  /** Undefined before the mount is there, and where the kernel has no passthrough for us. */
  backing(): BackingRegistry | undefined;
}

/** The open files of torrents: how the kernel is to read them, and the reads that the fuse thread could not answer. */
export class TorrentFiles {
  readonly #options: TorrentFilesOptions;
  readonly #modes: OpenModes;
  readonly #handles = new Map<number, OpenHandle>();
  readonly #openBySlot = new Map<number, number>();
  #directIoMmap = true;
  #dismissal = new AbortController();

  constructor(options: TorrentFilesOptions) {
    this.#options = options;
    this.#modes = new OpenModes({
      openBacking: fd => options.backing()?.open(fd),
      closeBacking: id => options.backing()?.close(id),
      stateNow: stateAtOnce,
    });
  }

  init(limits: SessionLimits): void {
    this.#directIoMmap = limits.directIoMmap;
  }

  /** How many files of the torrent are open. */
  openCount(slot: number): number {
    return this.#openBySlot.get(slot) ?? 0;
  }

  async open(at: TreeNode & { readonly slot: number }, signal: AbortSignal): Promise<OpenReply> {
    const { tree, node, slot } = at;
    if (tree.isDirectory(node)) throw isDirectory;
    const file = this.#readable(at);
    const id = nodeIdOf(slot, node);
    const verified = this.#modes.unchanged(id) ?? (await this.#verified(file, id, signal));
    try {
      const handle = this.#options.reader.open(file, this.#policy(at));
      const mode = this.#modes.acquire(id, verified);
      if (mode === undefined) {
        this.#options.reader.close(handle);
        throw changedOnDisk;
      }
      this.#handles.set(handle, { id, slot, at, length: tree.size(node) });
      this.#openBySlot.set(slot, this.openCount(slot) + 1);
      return this.#reply(handle, mode);
    } finally {
      letGo(verified?.fd); // it is the kernel's by now
    }
  }

  async read({ signal, unique: id }: RequestContext, request: ReadRequest): Promise<ReadReply> {
    const open = this.#handles.get(request.handle);
    if (open === undefined) throw new ReadError('bad-handle', `no open file has handle ${request.handle}`);
    const length = Math.min(request.size, open.length - request.offset);
    if (length <= 0) return { slices: [] };
    const nonBlocking = (request.flags & OpenFlag.NONBLOCK) !== 0;
    await this.#untilAccepted(open, { nonBlocking, signal });
    signal.throwIfAborted();
    const range = { offset: request.offset, length };
    const { reader } = this.#options;
    const slices = await reader.read(request.handle, range, { signal, nonBlocking, id });
    return { slices, release: () => reader.recycle(slices) };
  }

  flush(handle: number): void {
    this.#options.reader.flushed(handle);
  }

  release(handle: number): void {
    const open = this.#handles.get(handle);
    if (open === undefined) return;
    this.#handles.delete(handle);
    this.#openBySlot.set(open.slot, this.openCount(open.slot) - 1);
    if (this.openCount(open.slot) === 0) this.#openBySlot.delete(open.slot);
    this.#modes.release(open.id);
    this.#options.reader.close(handle);
  }

  /** Lets go of whoever waits in vain: see {@link Reader.dismiss}. What the engine has yet to take brings nothing. */
  dismiss(silentMs: number): void {
    this.#options.reader.dismiss(silentMs);
    this.#dismissal.abort(new EngineError('stopped', 'the mount is going away'));
    this.#dismissal = new AbortController();
  }

  /** The settings of some path have changed. */
  refreshPolicies(): void {
    for (const [handle, { at }] of this.#handles) this.#options.reader.setPolicy(handle, this.#policy(at));
  }

  #readable({ tree, node }: TreeNode): ReadableFile {
    const infoHash = infoHashOf(tree);
    const fileIndex = tree.fileIndex(node);
    const details: TorrentDetails | undefined = this.#options.catalog.get(infoHash)?.details;
    if (details === undefined || fileIndex === undefined) throw refusals.stale;
    return { infoHash, fileIndex, details };
  }

  /** Only while nothing is missing does it pay to ask; and nobody may wait for an engine to open a file. */
  async #verified(readable: ReadableFile, id: NodeId, signal: AbortSignal): Promise<Verified | undefined> {
    const call = async (bounded: AbortSignal) => {
      const file = await this.#options.reader.verifiedLocalFile(readable, { signal: bounded });
      if (file === undefined) return undefined;
      if (this.#options.backing() === undefined || !this.#modes.mayBegin(id)) return { file, fd: undefined };
      const fd = await openUnchanged(file);
      if (bounded.aborted) letGo(fd); // nobody waits for it any more
      return fd === undefined ? undefined : { file, fd };
    };
    try {
      return await boundedCall(call, { signal, timeoutMs: VERIFY_PATIENCE_MS });
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  #policy(at: TreeNode): ReadPolicy {
    return policyAt(placeOf(at), this.#options);
  }

  /** A torrent that was dropped a moment ago is in the tree before it is in the engine. */
  async #untilAccepted(
    { at }: OpenHandle,
    { nonBlocking, signal }: { readonly nonBlocking: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    const { catalog } = this.#options;
    const infoHash = infoHashOf(at.tree);
    if (!catalog.isPending(infoHash)) return;
    const { whenMissing, timeoutMs } = this.#policy(at);
    if (nonBlocking || whenMissing === 'eagain')
      throw new ReadError('missing', 'the engine has yet to take the torrent');
    const ends = [signal, this.#dismissal.signal, timeoutSignal(timeoutMs)];
    try {
      await catalog.whenAccepted(infoHash, AbortSignal.any(ends));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EngineError) throw error;
      throw new ReadError('timeout', 'the engine did not take the torrent in time', { cause: error });
    }
  }

  #reply(handle: number, mode: OpenMode): OpenReply {
    switch (mode.kind) {
      case 'passthrough':
        return { handle, flags: NOFLUSH | OpenReplyFlag.PASSTHROUGH, backingId: mode.backingId };
      case 'cached':
        return { handle, flags: NOFLUSH | OpenReplyFlag.KEEP_CACHE, backingId: 0 };
      case 'direct': {
        if (this.#directIoMmap) return { handle, flags: NOFLUSH | OpenReplyFlag.DIRECT_IO, backingId: 0 };
        // Without FUSE_DIRECT_IO_ALLOW_MMAP a direct open cannot be mapped at all: then rather the weaker promises. A flush is all
        // that tells of a reader there which is gone.
        return { handle, flags: OpenReplyFlag.KEEP_CACHE, backingId: 0 };
      }
    }
  }
}

interface OpenHandle {
  readonly id: NodeId;
  readonly slot: number;
  readonly at: TreeNode;
  readonly length: number;
}

/** A look at a local disk; an engine that has to be asked over a network may be slower than a read from it is worth. */
const VERIFY_PATIENCE_MS = 250;

/** Nothing is ever written here, so a close has nothing to ask: one request of four less for a small file. */
const NOFLUSH = OpenReplyFlag.NOFLUSH;

const isDirectory = new ErrnoError(Errno.EISDIR, 'a directory');

const changedOnDisk = new ErrnoError(Errno.EIO, 'the file has changed on the disk while it was open');

/** By its path, as the kernel's own was opened: not by libuv's pool, which slow reads may fill. */
function stateAtOnce(path: string): FileState | undefined {
  try {
    return stateNow(path);
  } catch {
    return undefined; // nobody may look at it any more
  }
}

function letGo(fd: number | undefined): void {
  if (fd !== undefined) closeSync(fd);
}
