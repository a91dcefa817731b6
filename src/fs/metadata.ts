import { OpenReplyFlag, SeekWhence } from '../fuse/abi/flags.ts';
import {
  type AttributesReply,
  type DirectorySink,
  type Entry,
  FORWARD,
  type Forwardable,
  type NodeId,
  type OpenReply,
  type ReadDirectoryRequest,
  ROOT_NODE,
  type SeekRequest,
} from '../fuse/filesystem.ts';
import {
  AttributeFiller,
  type AttributeOptions,
  emptyEntry,
  ROOT_VALID_SECONDS,
  TORRENT_VALID_SECONDS,
} from './attributes.ts';
import { nodeIdOf, nodeOf, slotOf, VIRTUAL_SLOT } from './node-id.ts';
import { refusals } from './refusals.ts';
import type { RootEntry } from './root-table.ts';
import { TREE_ROOT } from './torrent-tree.ts';
import type { TreeSource } from './tree-source.ts';
import { xattrNamesOf } from './xattr-names.ts';

/** The name in the root that leads to the virtual files. */
export const VIRTUAL_DIRECTORY_NAME = '.torrent-fuse';
const VIRTUAL_DIRECTORY = Buffer.from(VIRTUAL_DIRECTORY_NAME);
const DOT = Buffer.from('.');
const DOT_DOT = Buffer.from('..');

/** Cookies of a listing: 0 is before `.`, and the children follow `..`. */
const COOKIE = { dot: 1, dotDot: 2 } as const;

/**
 * Answers what names, shapes and attributes of torrents alone can answer. Each lane has one: the fuse thread's declines with
 * FORWARD what its table cannot know yet, and both decline what is in slot 0 but the root itself, which the slow lane knows.
 *
 * Every reply is one object, filled anew by the next call.
 */
export class Metadata {
  readonly #source: TreeSource;
  readonly #attributes: AttributeFiller;
  readonly #entry = emptyEntry();
  readonly #absent = { ...emptyEntry(), entryValidSeconds: TORRENT_VALID_SECONDS };
  readonly #openRoot: OpenReply = { handle: 0, flags: 0, backingId: 0 };
  /** The kernel may keep the listing of a directory that never changes. */
  readonly #openDirectory: OpenReply = {
    handle: 0,
    flags: OpenReplyFlag.CACHE_DIR | OpenReplyFlag.KEEP_CACHE,
    backingId: 0,
  };

  constructor(source: TreeSource, options: AttributeOptions) {
    this.#source = source;
    this.#attributes = new AttributeFiller(options);
  }

  /**
   * Counts a lookup for what it finds. What a torrent does not have it will never have, so the kernel may remember that for as
   * long as it likes; of the root it may not, for a name may appear there at any moment.
   */
  lookup(parent: NodeId, name: Uint8Array): Forwardable<Entry> {
    if (parent === ROOT_NODE) return this.#lookupInRoot(name);
    const slot = slotOf(parent);
    const root = this.#rootEntry(slot);
    if (root === FORWARD) return FORWARD;
    if (root.removed) throw refusals.notFound;
    const directory = nodeOf(parent);
    if (!root.tree.isDirectory(directory)) throw refusals.notDirectory;
    const node = root.tree.lookup(directory, name);
    if (node === undefined) return this.#absent;
    this.#source.addLookups(slot, 1);
    return this.#fillEntry(root, node);
  }

  forget(id: NodeId, count: number): void {
    this.#source.addLookups(slotOf(id), -count);
  }

  getattr(id: NodeId): Forwardable<AttributesReply> {
    if (id === ROOT_NODE) return this.#fillRoot();
    const root = this.#rootEntry(slotOf(id));
    return root === FORWARD ? FORWARD : this.#fillEntry(root, nodeOf(id));
  }

  readlink(id: NodeId): Forwardable<Uint8Array> {
    const root = this.#rootEntry(slotOf(id));
    if (root === FORWARD) return FORWARD;
    const node = nodeOf(id);
    if (!root.tree.isSymlink(node)) throw refusals.notSymlink;
    return root.tree.symlinkTarget(node);
  }

  /** The root is no torrent. */
  listxattr(id: NodeId): Forwardable<readonly string[]> {
    if (id === ROOT_NODE) return [];
    const root = this.#rootEntry(slotOf(id));
    if (root === FORWARD) return FORWARD;
    return xattrNamesOf({ tree: root.tree, node: nodeOf(id) });
  }

  /** SEEK_DATA and SEEK_HOLE: data from the first byte to the last, a hole at the end. */
  lseek({ node, offset, whence }: SeekRequest): Forwardable<number> {
    const root = this.#rootEntry(slotOf(node));
    if (root === FORWARD) return FORWARD;
    const size = root.tree.size(nodeOf(node));
    if (offset >= size) throw refusals.beyondEnd;
    if (whence === SeekWhence.DATA) return offset;
    if (whence === SeekWhence.HOLE) return size;
    throw refusals.badWhence;
  }

  opendir(id: NodeId): Forwardable<OpenReply> {
    if (id === ROOT_NODE) return this.#openRoot;
    const root = this.#rootEntry(slotOf(id));
    return root === FORWARD ? FORWARD : this.#openDirectory;
  }

  /** Cookies of the root are made of slots, and slots are never used again: whatever comes or goes, nothing is missed. */
  readdir(request: ReadDirectoryRequest, sink: DirectorySink): Forwardable<void> {
    if (request.node === ROOT_NODE) return this.#listRoot(request, sink);
    const root = this.#rootEntry(slotOf(request.node));
    if (root === FORWARD) return FORWARD;
    // As in a directory that was removed while somebody was in it.
    if (!root.removed) this.#listDirectory(root, request, sink);
  }

  #lookupInRoot(name: Uint8Array): Forwardable<Entry> {
    if (this.#source.behind) return FORWARD;
    const found = this.#source.table.lookup(name);
    if (found !== undefined) {
      this.#source.addLookups(found.slot, 1);
      return this.#fillEntry(found, TREE_ROOT);
    }
    if (VIRTUAL_DIRECTORY.equals(name) || this.#source.table.isVirtualName(name)) return FORWARD;
    throw refusals.notFound;
  }

  /** The torrent of a slot. FORWARD where another lane may know better. */
  #rootEntry(slot: number): Forwardable<RootEntry> {
    if (slot === VIRTUAL_SLOT) return FORWARD;
    const root = this.#source.table.get(slot);
    if (root !== undefined) return root;
    if (this.#source.behind) return FORWARD;
    throw refusals.stale;
  }

  #listRoot(request: ReadDirectoryRequest, sink: DirectorySink): Forwardable<void> {
    if (this.#source.behind) return FORWARD;
    if (!this.#listDots(request, sink, { dot: ROOT_NODE, dotDot: ROOT_NODE })) return;
    const { table } = this.#source;
    for (let index = table.firstAfter(request.cookie - COOKIE.dotDot); ; index += 1) {
      const root = table.at(index);
      if (root === undefined) return;
      if (!sink.add(root.name, root.slot + COOKIE.dotDot, this.#fillEntry(root, TREE_ROOT))) return;
      if (request.plus) this.#source.addLookups(root.slot, 1);
    }
  }

  #listDirectory(root: RootEntry, request: ReadDirectoryRequest, sink: DirectorySink): void {
    const { tree, slot } = root;
    const directory = nodeOf(request.node);
    if (!tree.isDirectory(directory)) throw refusals.notDirectory;
    const dotDot = directory === TREE_ROOT ? ROOT_NODE : nodeIdOf(slot, tree.parent(directory));
    if (!this.#listDots(request, sink, { dot: request.node, dotDot })) return;
    const first = tree.firstChild(directory);
    const count = tree.childCount(directory);
    for (let child = Math.max(0, request.cookie - COOKIE.dotDot); child < count; child += 1) {
      const node = first + child;
      if (!sink.add(tree.name(node), child + COOKIE.dotDot + 1, this.#fillEntry(root, node))) return;
      if (request.plus) this.#source.addLookups(slot, 1);
    }
  }

  /** @returns false when they did not fit */
  #listDots({ cookie }: ReadDirectoryRequest, sink: DirectorySink, nodes: { dot: NodeId; dotDot: NodeId }): boolean {
    if (cookie < COOKIE.dot && !sink.add(DOT, COOKIE.dot, this.#fillDirectory(nodes.dot))) return false;
    return cookie >= COOKIE.dotDot || sink.add(DOT_DOT, COOKIE.dotDot, this.#fillDirectory(nodes.dotDot));
  }

  #fillDirectory(id: NodeId): Entry {
    const root = this.#source.table.get(slotOf(id));
    return root === undefined ? this.#fillRoot() : this.#fillEntry(root, nodeOf(id));
  }

  #fillRoot(): Entry {
    const entry = this.#entry;
    entry.node = ROOT_NODE;
    entry.entryValidSeconds = ROOT_VALID_SECONDS;
    entry.validSeconds = ROOT_VALID_SECONDS;
    this.#attributes.fillRoot(entry.attributes, this.#source.table.changedAtSeconds);
    return entry;
  }

  #fillEntry({ slot, tree, removed }: RootEntry, node: number): Entry {
    const entry = this.#entry;
    entry.node = nodeIdOf(slot, node);
    entry.entryValidSeconds = TORRENT_VALID_SECONDS;
    entry.validSeconds = TORRENT_VALID_SECONDS;
    this.#attributes.fillTorrentNode(entry.attributes, tree, { node, removed });
    return entry;
  }
}
