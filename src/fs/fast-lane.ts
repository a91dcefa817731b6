import {
  type Answer,
  type AttributeChange,
  type AttributesReply,
  type DirectorySink,
  type Entry,
  type FastLane,
  type FilesystemStatistics,
  FORWARD,
  type Forwardable,
  type NodeId,
  type OpenReply,
  type ReadDirectoryRequest,
  type ReadReply,
  type ReadRequest,
  type RenameRequest,
  type RequestContext,
  ROOT_NODE,
  type SeekRequest,
  type WriteRequest,
} from '../fuse/filesystem.ts';
import type { FastReader } from '../read/fast-reader.ts';
import type { AttributeOptions } from './attributes.ts';
import { Metadata } from './metadata.ts';
import type { MountStatistics } from './mount-statistics.ts';
import { isInVirtualSlot, isVirtual } from './node-id.ts';
import { allowOnlyReading, allowOnlyTimes, refusals } from './refusals.ts';
import type { TreeSubscriber } from './tree-subscriber.ts';
import { isTorrentXattr } from './xattr-names.ts';

export interface TorrentFastLaneOptions extends AttributeOptions {
  readonly trees: TreeSubscriber;
  readonly statistics: MountStatistics;
  readonly reads: Pick<FastReader, 'read'>;
  /** Tells main that there are reads answered here of which it has to hear (`Reader.touched`). */
  readonly onTouched: (handle: number) => void;
}

/** `mask` bit of access(2). */
const W_OK = 2;

/**
 * The half of the filesystem that lives on the fuse thread: metadata from the trees, reads from the shared cache, and what
 * can be refused without asking anybody. The rest is declined: open, flush, release and our extended attributes, whatever
 * changes the root, and all that is in slot 0 but the root itself.
 */
export class TorrentFastLane implements FastLane {
  readonly #trees: TreeSubscriber;
  readonly #metadata: Metadata;
  readonly #statistics: MountStatistics;
  readonly #reads: Pick<FastReader, 'read'>;
  readonly #onTouched: TorrentFastLaneOptions['onTouched'];
  readonly #readOnly: boolean;
  readonly #statfs: FilesystemStatistics = {
    blockSize: 0,
    blocks: 0,
    blocksFree: 0,
    blocksAvailable: 0,
    files: 0,
    filesFree: 0,
    nameLengthMax: 0,
  };

  constructor(options: TorrentFastLaneOptions) {
    this.#trees = options.trees;
    this.#metadata = new Metadata(options.trees, options);
    this.#statistics = options.statistics;
    this.#reads = options.reads;
    this.#onTouched = options.onTouched;
    this.#readOnly = options.readOnly;
  }

  beforeRequest(): void {
    this.#trees.update();
  }

  lookup(_: RequestContext, parent: NodeId, name: Uint8Array): Answer<Entry> {
    return this.#metadata.lookup(parent, name);
  }

  /** The nodes of torrents are counted here, whichever lane told the kernel of them; the others have no count here. */
  forget(node: NodeId, count: number): Forwardable<void> {
    if (isVirtual(node)) return FORWARD;
    this.#metadata.forget(node, count);
  }

  getattr(_: RequestContext, node: NodeId): Answer<AttributesReply> {
    return this.#metadata.getattr(node);
  }

  setattr(_: RequestContext, node: NodeId, change: AttributeChange): Answer<AttributesReply> {
    if (isVirtual(node)) return FORWARD;
    allowOnlyTimes(change);
    return this.#metadata.getattr(node);
  }

  readlink(_: RequestContext, node: NodeId): Answer<Uint8Array> {
    return this.#metadata.readlink(node);
  }

  /** The kernel checks the permissions itself (`default_permissions`). */
  access(_: RequestContext, node: NodeId, mask: number): Answer<void> {
    if (isVirtual(node)) return FORWARD;
    if ((mask & W_OK) !== 0 && (node !== ROOT_NODE || this.#readOnly)) throw refusals.readOnly;
  }

  statfs(): Answer<FilesystemStatistics> {
    this.#statistics.readInto(this.#statfs);
    return this.#statfs;
  }

  /** A handle belongs to main, which knows how much of the file is held. */
  open(_: RequestContext, node: NodeId, flags: number): Answer<OpenReply> {
    if (!isVirtual(node)) allowOnlyReading(flags);
    return FORWARD;
  }

  read(_: RequestContext, { node, handle, offset, size }: ReadRequest): Answer<ReadReply> {
    if (isInVirtualSlot(node)) return FORWARD;
    const reply = this.#reads.read(handle, offset, size);
    if (reply === undefined) return FORWARD;
    if (reply.touched) this.#onTouched(handle);
    return reply;
  }

  /** Nothing is ever written, so everything is on the disk. */
  fsync(_: RequestContext, node: NodeId): Answer<void> {
    if (isVirtual(node)) return FORWARD;
  }

  lseek(_: RequestContext, request: SeekRequest): Answer<number> {
    return this.#metadata.lseek(request);
  }

  opendir(_: RequestContext, node: NodeId): Answer<OpenReply> {
    return this.#metadata.opendir(node);
  }

  readdir(_: RequestContext, request: ReadDirectoryRequest, sink: DirectorySink): Answer<void> {
    return this.#metadata.readdir(request, sink);
  }

  releasedir(_: RequestContext, node: NodeId): Answer<void> {
    if (isVirtual(node)) return FORWARD;
  }

  /** `ls -l` asks for two that nobody has, of every file. */
  getxattr(_: RequestContext, __: NodeId, name: string): Answer<Uint8Array> {
    if (!isTorrentXattr(name)) throw refusals.noAttribute;
    return FORWARD;
  }

  listxattr(_: RequestContext, node: NodeId): Answer<readonly string[]> {
    return this.#metadata.listxattr(node);
  }

  setxattr(_: RequestContext, node: NodeId, name: string): Answer<void> {
    if (!isVirtual(node) && !isTorrentXattr(name)) throw refusals.readOnly;
    return this.#forwardChange();
  }

  removexattr(_: RequestContext, node: NodeId, name: string): Answer<void> {
    if (!isVirtual(node) && !isTorrentXattr(name)) throw refusals.noAttribute;
    return this.#forwardChange();
  }

  create(_: RequestContext, parent: NodeId): Answer<never> {
    return this.#forwardChange(parent);
  }

  write(_: RequestContext, { node }: WriteRequest): Answer<number> {
    return this.#forwardChange(node);
  }

  mkdir(): Answer<Entry> {
    throw refusals.readOnly;
  }

  mknod(): Answer<Entry> {
    throw refusals.readOnly;
  }

  unlink(_: RequestContext, parent: NodeId): Answer<void> {
    return this.#forwardChange(parent);
  }

  rmdir(_: RequestContext, parent: NodeId): Answer<void> {
    return this.#forwardChange(parent);
  }

  rename(_: RequestContext, { parent, newParent }: RenameRequest): Answer<void> {
    if (!isInVirtualSlot(newParent)) throw refusals.readOnly;
    return this.#forwardChange(parent);
  }

  /** Only the root and what is below `.torrent-fuse` takes changes. */
  #forwardChange(node: NodeId = ROOT_NODE): typeof FORWARD {
    if (this.#readOnly || !isInVirtualSlot(node)) throw refusals.readOnly;
    return FORWARD;
  }
}
