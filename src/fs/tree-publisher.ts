import type { MessagePort } from 'node:worker_threads';
import { SLOT_MAX } from './node-id.ts';
import { RootTable } from './root-table.ts';
import type { TorrentTree } from './torrent-tree.ts';
import type { SlotChange, TreeMessage, TreeRequest } from './tree-messages.ts';
import { TreeVersions } from './tree-messages.ts';
import type { TreeSource } from './tree-source.ts';

interface TreePublisherOptions {
  /** The other end is the {@link TreeSubscriber}'s. */
  readonly port: MessagePort;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * The root table that counts, on the main thread, and its only writer. Every change is posted to the fuse thread, then the
 * version in shared memory goes up, and then the method returns: who answers a request after that knows that the fuse thread
 * will see the change before it looks at the next one.
 *
 * The fuse thread may sleep for days, so at most one message waits for it: later changes are merged, slot by slot, and
 * posted when it has taken in the first and asks for more. In between it sees by the version that it is behind, and forwards
 * what depends on the root to main, which answers from this table.
 */
export class TreePublisher implements TreeSource {
  readonly table = new RootTable();
  readonly behind = false;
  /** For the subscriber. */
  readonly versions = new TreeVersions();
  readonly #port: MessagePort;
  readonly #now: () => number;
  readonly #changes = new Map<number, SlotChange>();
  #version = 0;
  #postedVersion = 0;
  #lastSlot = 0;

  constructor({ port, now = Date.now }: TreePublisherOptions) {
    this.#port = port;
    this.#now = now;
    port.on('message', (_: TreeRequest) => this.#postChanges());
    port.unref(); // the mount keeps the process alive, not this
  }

  /** Lists a torrent. @returns its slot, never used before */
  add(name: string, tree: TorrentTree): number {
    if (this.#lastSlot === SLOT_MAX) throw new RangeError('the mount has seen too many torrents: mount again');
    this.#lastSlot += 1;
    this.rename(this.#lastSlot, name, tree);
    return this.#lastSlot;
  }

  rename(slot: number, name: string, tree = this.#treeOf(slot)): void {
    const bytes = Buffer.from(name);
    this.table.put(slot, bytes, tree);
    this.#change({ slot, entry: { name: bytes, buffer: tree.buffer }, lookups: 0 });
  }

  remove(slot: number): void {
    this.table.remove(slot);
    this.#change({ slot, entry: undefined, lookups: 0 });
  }

  /** Names in the root that the slow lane answers for, beside `.torrent-fuse`: files that are being dropped. */
  setVirtualNames(names: readonly string[]): void {
    this.table.virtualNames = names.map(name => Buffer.from(name));
    this.#publish();
  }

  /** Goes along with the next change: counts matter only once the slot is removed, which is one. */
  addLookups(slot: number, count: number): void {
    const entry = this.table.get(slot);
    if (entry === undefined) return;
    this.#merge({ slot, entry: { name: entry.name, buffer: entry.tree.buffer }, lookups: count });
  }

  /** The table stays; nothing is posted any more. */
  close(): void {
    this.#port.close();
  }

  #treeOf(slot: number): TorrentTree {
    const entry = this.table.get(slot);
    if (entry === undefined) throw new RangeError(`no torrent has slot ${slot}`);
    return entry.tree;
  }

  #change(change: SlotChange): void {
    this.table.changedAtSeconds = Math.floor(this.#now() / 1000);
    this.#merge(change);
    this.#publish();
  }

  #merge(change: SlotChange): void {
    const lookups = (this.#changes.get(change.slot)?.lookups ?? 0) + change.lookups;
    this.#changes.set(change.slot, { ...change, lookups });
  }

  #publish(): void {
    this.#version = (this.#version + 1) | 0;
    this.#postChanges();
    this.versions.published = this.#version;
  }

  /** Unless a message still waits, or all is posted. */
  #postChanges(): void {
    if (this.versions.applied !== this.#postedVersion || this.#version === this.#postedVersion) return;
    const message: TreeMessage = {
      version: this.#version,
      slots: [...this.#changes.values()],
      virtualNames: this.table.virtualNames,
      changedAtSeconds: this.table.changedAtSeconds,
    };
    this.#changes.clear();
    this.#postedVersion = this.#version;
    this.#port.postMessage(message);
  }
}
