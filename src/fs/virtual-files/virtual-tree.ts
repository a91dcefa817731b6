import { Errno } from '../../fuse/abi/errno.ts';
import { FileType, OpenReplyFlag } from '../../fuse/abi/flags.ts';
import {
  type AttributeChange,
  type AttributesReply,
  type DirectorySink,
  type Entry,
  ErrnoError,
  type NodeId,
  type OpenReply,
  type ReadDirectoryRequest,
  ROOT_NODE,
} from '../../fuse/filesystem.ts';
import { type AttributeFiller, emptyEntry } from '../attributes.ts';
import { refusals } from '../refusals.ts';
import type { VirtualDirectory, VirtualHandle, VirtualNode } from './virtual-node.ts';

export interface VirtualTreeOptions {
  readonly attributes: AttributeFiller;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Node ids, handles and listings of virtual files. A node gets its id, in slot 0, when the kernel first hears of it, and
 * keeps it while the kernel remembers: the id is never used again.
 */
export class VirtualTree {
  readonly #attributes: AttributeFiller;
  readonly #now: () => number;
  readonly #nodes = new Map<NodeId, KnownNode>();
  readonly #idByPath = new Map<string, NodeId>();
  readonly #files = new Map<number, VirtualHandle>();
  readonly #listings = new Map<number, readonly string[]>();
  #lastId = ROOT_NODE;
  #lastHandle = 0;

  constructor({ attributes, now = Date.now }: VirtualTreeOptions) {
    this.#attributes = attributes;
    this.#now = now;
  }

  /** Tells the kernel of a node, for the caller's reply. @param path names it among all virtual nodes */
  enter(path: string, node: VirtualNode): Entry {
    const id = this.#intern(path, node);
    const known = this.#known(id);
    known.lookups += 1;
    return this.#entryOf(id, node);
  }

  /** @throws ErrnoError ENOENT */
  lookup(parent: NodeId, name: string): Entry {
    const { path } = this.#known(parent);
    const child = this.#directory(parent).lookup(name);
    if (child === undefined) throw refusals.notFound;
    return this.enter(`${path}/${name}`, child);
  }

  forget(id: NodeId, count: number): void {
    const known = this.#nodes.get(id);
    if (known === undefined) return;
    known.lookups -= count;
    if (known.lookups > 0) return;
    this.#nodes.delete(id);
    if (this.#idByPath.get(known.path) === id) this.#idByPath.delete(known.path);
  }

  getattr(id: NodeId): AttributesReply {
    return this.#entryOf(id, this.#known(id).node);
  }

  /** Owner, mode and times are accepted and not kept: `cp -p` and `mv` set them on what they have written. */
  setattr(id: NodeId, { size }: AttributeChange): AttributesReply {
    const { node } = this.#known(id);
    if (size !== undefined) {
      if (node.kind === 'directory') throw isDirectory;
      if (node.truncate === undefined) throw refusals.readOnly;
      node.truncate(size);
    }
    return this.getattr(id);
  }

  async open(id: NodeId, flags: number, signal: AbortSignal): Promise<OpenReply> {
    const { node } = this.#known(id);
    if (node.kind === 'directory') throw isDirectory;
    return this.addHandle(await node.open(flags, signal));
  }

  /** For the reply to an open that was made elsewhere. */
  addHandle(handle: VirtualHandle): OpenReply {
    this.#lastHandle += 1;
    this.#files.set(this.#lastHandle, handle);
    return { handle: this.#lastHandle, flags: OpenReplyFlag.DIRECT_IO, backingId: 0 };
  }

  read(handle: number, offset: number, size: number): Uint8Array {
    const file = this.#file(handle);
    if (file.read === undefined) throw badHandle;
    return file.read(offset, size);
  }

  write(handle: number, offset: number, data: Uint8Array): number {
    const file = this.#file(handle);
    if (file.write === undefined) throw refusals.readOnly;
    file.write(offset, data);
    return data.length;
  }

  flush(handle: number): void {
    this.#file(handle).flush?.();
  }

  release(handle: number): void {
    const file = this.#files.get(handle);
    this.#files.delete(handle);
    file?.release?.();
  }

  /** A listing stays as it was when it was opened, so that cookies may be places in it. */
  opendir(id: NodeId): OpenReply {
    this.#lastHandle += 1;
    this.#listings.set(this.#lastHandle, this.#directory(id).list());
    return { handle: this.#lastHandle, flags: 0, backingId: 0 };
  }

  readdir({ node, handle, cookie, plus }: ReadDirectoryRequest, sink: DirectorySink): void {
    const names = this.#listings.get(handle);
    if (names === undefined) throw badHandle;
    const directory = this.#directory(node);
    const { path } = this.#known(node);
    for (let index = cookie; index < DOTS.length + names.length; index += 1) {
      const dot = DOTS[index];
      const name = dot ?? names[index - DOTS.length] ?? '';
      const child = dot === undefined ? directory.lookup(name) : directory;
      if (child === undefined) continue;
      const childPath = dot === undefined ? `${path}/${name}` : path;
      const counted = plus && dot === undefined;
      const entry = counted ? this.enter(childPath, child) : this.#uncounted(childPath, child);
      if (sink.add(Buffer.from(name), index + 1, entry)) continue;
      if (counted) this.forget(entry.node, 1);
      return;
    }
  }

  releasedir(handle: number): void {
    this.#listings.delete(handle);
  }

  #intern(path: string, node: VirtualNode): NodeId {
    const known = this.#idByPath.get(path);
    if (known !== undefined && this.#nodes.get(known)?.node.kind === node.kind) {
      this.#nodes.set(known, { ...this.#known(known), node });
      return known;
    }
    this.#lastId += 1;
    this.#nodes.set(this.#lastId, { path, node, lookups: 0 });
    this.#idByPath.set(path, this.#lastId);
    return this.#lastId;
  }

  /** A plain listing shows inode numbers and remembers nothing: nobody would ever forget it. */
  #uncounted(path: string, node: VirtualNode): Entry {
    return this.#entryOf(this.#idByPath.get(path) ?? UNKNOWN_INODE, node);
  }

  #entryOf(id: NodeId, node: VirtualNode): Entry {
    const entry = emptyEntry();
    entry.node = id;
    // It may be gone at any moment, and another of its name be there.
    entry.entryValidSeconds = 0;
    this.#attributes.fillVirtual(entry.attributes, {
      node: id,
      mode: node.kind === 'directory' ? FileType.DIRECTORY | 0o555 : FileType.REGULAR | node.permissions,
      size: node.kind === 'directory' ? 0 : node.size,
      mtimeSeconds: Math.floor(this.#now() / 1000),
    });
    return entry;
  }

  #known(id: NodeId): KnownNode {
    const known = this.#nodes.get(id);
    if (known === undefined) throw refusals.stale;
    return known;
  }

  #directory(id: NodeId): VirtualDirectory {
    const { node } = this.#known(id);
    if (node.kind !== 'directory') throw refusals.notDirectory;
    return node;
  }

  #file(handle: number): VirtualHandle {
    const file = this.#files.get(handle);
    if (file === undefined) throw badHandle;
    return file;
  }
}

interface KnownNode {
  readonly path: string;
  readonly node: VirtualNode;
  /** How often the kernel was told of it, and has not forgotten. */
  lookups: number;
}

const DOTS = ['.', '..'];

/** As libfuse shows what has no inode number yet. */
const UNKNOWN_INODE = 0xffff_ffff;

const isDirectory = new ErrnoError(Errno.EISDIR, 'a directory');
const badHandle = new ErrnoError(Errno.EBADF, 'no such open file');
