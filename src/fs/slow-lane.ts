import type { Catalog } from '../catalog/catalog.ts';
import type { PathSettingsStore } from '../catalog/path-settings.ts';
import { Errno } from '../fuse/abi/errno.ts';
import { SeekWhence } from '../fuse/abi/flags.ts';
import {
  type Answer,
  type AttributeChange,
  type AttributesReply,
  type CreateReply,
  type DirectorySink,
  type Entry,
  ErrnoError,
  type Filesystem,
  FORWARD,
  type NodeId,
  type OpenReply,
  type ReadDirectoryRequest,
  type ReadReply,
  type ReadRequest,
  type RenameRequest,
  type RequestContext,
  ROOT_NODE,
  type SeekRequest,
  type SessionLimits,
  type WriteRequest,
} from '../fuse/filesystem.ts';
import type { Reader, ReadPolicy } from '../read/reader.ts';
import { AttributeFiller, type AttributeOptions } from './attributes.ts';
import { Control } from './control.ts';
import { DroppedFiles } from './dropped-files.ts';
import { toErrnoError } from './errno-map.ts';
import { Metadata, VIRTUAL_DIRECTORY_NAME } from './metadata.ts';
import { isInVirtualSlot, isVirtual, nodeOf, slotOf } from './node-id.ts';
import type { PieceMaps } from './piece-maps.ts';
import { Pins } from './pins.ts';
import { allowOnlyReading, allowOnlyTimes, refusals } from './refusals.ts';
import { RootChanges, textOf } from './root-changes.ts';
import { type BackingRegistry, TorrentFiles } from './torrent-files.ts';
import type { TorrentRoot } from './torrent-root.ts';
import { TorrentXattrs } from './torrent-xattrs.ts';
import type { TreeNode } from './tree-node.ts';
import type { TreePublisher } from './tree-publisher.ts';
import type { VirtualDirectory } from './virtual-files/virtual-node.ts';
import { type VirtualContents, virtualRoot } from './virtual-files/virtual-root.ts';
import { VirtualTree } from './virtual-files/virtual-tree.ts';
import { isTorrentXattr } from './xattr-names.ts';

export interface TorrentSlowLaneOptions extends AttributeOptions {
  readonly catalog: Catalog;
  readonly trees: TreePublisher;
  readonly root: TorrentRoot;
  readonly reader: Reader;
  readonly pieces: PieceMaps;
  readonly settings: PathSettingsStore;
  /** Read anew at each open, and by {@link TorrentSlowLane.refreshPolicies}. */
  readonly defaultPolicy: ReadPolicy;
  readonly contents: VirtualContents;
  /** A name in the root leads no longer to a dropped file. */
  onNameGone(name: string): void;
  /** Undefined before the mount is there, and where the kernel has no passthrough for us. */
  backing(): BackingRegistry | undefined;
}

/**
 * The half of the filesystem that lives on the main thread: opening and reading what the fuse thread cannot answer from memory,
 * extended attributes, everything below `.torrent-fuse`, and changes of the root. A change is journalled and published when its
 * method returns, and the engine hears of it afterwards.
 */
export class TorrentSlowLane implements Filesystem {
  readonly #options: TorrentSlowLaneOptions;
  readonly #metadata: Metadata;
  readonly #files: TorrentFiles;
  readonly #xattrs: TorrentXattrs;
  readonly #virtual: VirtualTree;
  readonly #virtualRoot: VirtualDirectory;
  readonly #dropped: DroppedFiles;
  readonly #pins: Pins;
  readonly #changes: RootChanges;
  readonly #subscriptions: readonly (() => void)[];
  /** What changes torrents from elsewhere, under the rules of the filesystem. */
  readonly control: Control;

  constructor(options: TorrentSlowLaneOptions) {
    const { catalog, trees, root, settings } = options;
    this.#options = options;
    this.#metadata = new Metadata(trees, options);
    this.#files = new TorrentFiles(options);
    this.#xattrs = new TorrentXattrs(options);
    this.#virtual = new VirtualTree({ attributes: new AttributeFiller(options) });
    this.#dropped = new DroppedFiles({ ...options, onNames: names => trees.setVirtualNames(names) });
    this.control = new Control({ catalog, root, settings, openCount: slot => this.#files.openCount(slot) });
    this.#pins = new Pins(options);
    this.#changes = new RootChanges({ catalog, root, dropped: this.#dropped, control: this.control });
    this.#virtualRoot = virtualRoot({ ...options, control: this.control });
    this.#subscriptions = [
      () => this.#pins.stop(),
      settings.onChange(({ infoHash }, keys) => {
        this.#files.refreshPolicies();
        this.#pins.changed(infoHash, keys);
      }),
      catalog.onEvent(event => {
        if (event.kind === 'vanished') options.pieces.forget(event.infoHash);
      }),
    ];
  }

  /** What {@link TorrentSlowLaneOptions.defaultPolicy} says has changed: open files follow. */
  refreshPolicies(): void {
    this.#files.refreshPolicies();
  }

  /**
   * Somebody wants the mount gone while files of it are open: reads that wait, and have not got on for `silentMs`, fail. Those
   * that come later are served.
   */
  dismiss(silentMs: number): void {
    this.#files.dismiss(silentMs);
  }

  init(limits: SessionLimits): void {
    this.#files.init(limits);
    this.#pins.start();
  }

  destroy(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
  }

  lookup(_: RequestContext, parent: NodeId, name: Uint8Array): Answer<Entry> {
    if (isVirtual(parent)) return this.#virtual.lookup(parent, textOf(name));
    const entry = this.#metadata.lookup(parent, name);
    return entry === FORWARD ? this.#lookupInRoot(textOf(name)) : entry;
  }

  /** Of a batch the fuse thread has counted the nodes of torrents. */
  forget(node: NodeId, count: number): void {
    if (isVirtual(node)) this.#virtual.forget(node, count);
  }

  getattr(_: RequestContext, node: NodeId): Answer<AttributesReply> {
    return isVirtual(node) ? this.#virtual.getattr(node) : this.#metadata.getattr(node);
  }

  setattr(_: RequestContext, node: NodeId, change: AttributeChange): Answer<AttributesReply> {
    if (isVirtual(node)) return this.#virtual.setattr(node, change);
    allowOnlyTimes(change);
    return this.#metadata.getattr(node);
  }

  readlink(_: RequestContext, node: NodeId): Answer<Uint8Array> {
    return this.#metadata.readlink(node);
  }

  /** The kernel checks the permissions itself (`default_permissions`). */
  access(): void {}

  async open({ signal }: RequestContext, node: NodeId, flags: number): Promise<OpenReply> {
    if (isVirtual(node)) return this.#asErrno(() => this.#virtual.open(node, flags, signal));
    allowOnlyReading(flags);
    return this.#asErrno(() => this.#files.open({ ...this.#treeNode(node), slot: slotOf(node) }, signal));
  }

  async read(context: RequestContext, request: ReadRequest): Promise<ReadReply> {
    const { node, handle, offset, size } = request;
    if (isVirtual(node)) return { slices: [this.#virtual.read(handle, offset, size)] };
    return this.#asErrno(() => this.#files.read(context, request));
  }

  flush(_: RequestContext, node: NodeId, handle: number): void {
    if (isVirtual(node)) this.#virtual.flush(handle);
    else this.#files.flush(handle);
  }

  fsync(): void {}

  release(_: RequestContext, node: NodeId, handle: number): void {
    if (isVirtual(node)) this.#virtual.release(handle);
    else this.#files.release(handle);
  }

  lseek(_: RequestContext, request: SeekRequest): Answer<number> {
    if (!isVirtual(request.node)) return this.#metadata.lseek(request);
    // Where a file made at open ends is known when it is read.
    if (request.whence !== SeekWhence.DATA) throw refusals.badWhence;
    if (request.offset === Number.MAX_SAFE_INTEGER) throw refusals.beyondEnd; // it was cut to that
    return request.offset;
  }

  opendir(_: RequestContext, node: NodeId): Answer<OpenReply> {
    return isVirtual(node) ? this.#virtual.opendir(node) : this.#metadata.opendir(node);
  }

  readdir(_: RequestContext, request: ReadDirectoryRequest, sink: DirectorySink): Answer<void> {
    if (isVirtual(request.node)) this.#virtual.readdir(request, sink);
    else return this.#metadata.readdir(request, sink);
  }

  releasedir(_: RequestContext, node: NodeId, handle: number): void {
    if (isVirtual(node)) this.#virtual.releasedir(handle);
  }

  async getxattr({ signal }: RequestContext, node: NodeId, name: string): Promise<Uint8Array> {
    if (isInVirtualSlot(node) || !isTorrentXattr(name)) throw refusals.noAttribute;
    return this.#asErrno(() => this.#xattrs.get(this.#treeNode(node), name, signal));
  }

  listxattr(_: RequestContext, node: NodeId): Answer<readonly string[]> {
    return isVirtual(node) ? [] : this.#metadata.listxattr(node);
  }

  setxattr(_: RequestContext, node: NodeId, name: string, value: Uint8Array): void {
    if (this.#options.readOnly) throw refusals.readOnly;
    // Only this tells `cp -p` and `mv` that there are no ACLs: then they set the mode.
    if (isInVirtualSlot(node)) throw noXattrs;
    this.#asErrnoNow(() => this.#xattrs.set(this.#treeNode(node), name, value));
  }

  removexattr(_: RequestContext, node: NodeId, name: string): void {
    if (isInVirtualSlot(node)) throw refusals.noAttribute;
    if (this.#options.readOnly) throw refusals.readOnly;
    this.#asErrnoNow(() => this.#xattrs.remove(this.#treeNode(node), name));
  }

  create(_: RequestContext, parent: NodeId, name: Uint8Array, flags: number): CreateReply {
    this.#refuseUnlessRoot(parent);
    const file = this.#dropped.create(textOf(name));
    const entry = this.#virtual.enter(droppedPath(textOf(name)), file);
    return { entry, open: this.#virtual.addHandle(file.open(flags)) };
  }

  write(_: RequestContext, { node, handle, offset, data }: WriteRequest): number {
    if (!isVirtual(node)) throw refusals.readOnly;
    return this.#virtual.write(handle, offset, data);
  }

  unlink(_: RequestContext, parent: NodeId, name: Uint8Array): void {
    this.#refuseUnlessRoot(parent);
    this.#asErrnoNow(() => this.#changes.remove(textOf(name)));
  }

  rmdir(context: RequestContext, parent: NodeId, name: Uint8Array): void {
    this.unlink(context, parent, name);
  }

  rename(_: RequestContext, request: RenameRequest): void {
    this.#refuseUnlessRoot(request.parent);
    this.#asErrnoNow(() => this.#changes.rename(request));
  }

  #lookupInRoot(name: string): Entry {
    if (name === VIRTUAL_DIRECTORY_NAME) return this.#virtual.enter(name, this.#virtualRoot);
    const dropped = this.#dropped.get(name);
    if (dropped === undefined) throw refusals.notFound;
    return this.#virtual.enter(droppedPath(name), dropped);
  }

  #treeNode(id: NodeId): TreeNode {
    const entry = this.#options.trees.table.get(slotOf(id));
    if (entry === undefined) throw refusals.stale;
    return { tree: entry.tree, node: nodeOf(id) };
  }

  #refuseUnlessRoot(parent: NodeId): void {
    if (parent !== ROOT_NODE || this.#options.readOnly) throw refusals.readOnly;
  }

  async #asErrno<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toErrnoError(error);
    }
  }

  #asErrnoNow(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw toErrnoError(error);
    }
  }
}

const noXattrs = new ErrnoError(Errno.EOPNOTSUPP, 'no extended attributes here');

/** Unlike any path below `.torrent-fuse`. */
function droppedPath(name: string): string {
  return `/${name}`;
}
