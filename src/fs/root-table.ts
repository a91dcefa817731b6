import { partitionPoint } from '../util/partition-point.ts';
import { hashName } from './name-hash.ts';
import type { TorrentTree } from './torrent-tree.ts';

/** A torrent in the root. */
export interface RootEntry {
  readonly slot: number;
  /** UTF-8. */
  readonly name: Uint8Array;
  readonly tree: TorrentTree;
  /** Gone from the root, and kept while the kernel still knows nodes of it. */
  readonly removed: boolean;
}

/**
 * Which slot holds which torrent under which name, as one thread knows it. Main has the table that counts; the fuse thread's
 * follows by messages (`tree-publisher.ts`).
 */
export class RootTable {
  /** Seconds since 1970 when an entry came, went or was renamed. */
  changedAtSeconds = 0;
  /** Names in the root that belong to no torrent and are not listed: the slow lane knows what they are. */
  virtualNames: readonly Uint8Array[] = [];
  readonly #bySlot = new Map<number, MutableEntry>();
  readonly #byNameHash = new Map<number, MutableEntry[]>();
  /** By slot, so that a place in a listing outlives whatever comes and goes: new torrents come last. */
  readonly #listed: MutableEntry[] = [];

  /** How many are listed. */
  get size(): number {
    return this.#listed.length;
  }

  /** A new torrent, or a new name for one. */
  put(slot: number, name: Uint8Array, tree: TorrentTree): void {
    const known = this.#bySlot.get(slot);
    if (known !== undefined) {
      this.#unlinkName(known);
      known.name = name;
      this.#linkName(known);
      return;
    }
    const entry: MutableEntry = { slot, name, tree, removed: false, lookups: 0 };
    this.#bySlot.set(slot, entry);
    this.#listed.splice(this.firstAfter(slot), 0, entry);
    this.#linkName(entry);
  }

  remove(slot: number): void {
    const entry = this.#bySlot.get(slot);
    if (entry === undefined || entry.removed) return;
    this.#unlinkName(entry);
    this.#listed.splice(this.firstAfter(slot) - 1, 1);
    entry.removed = true;
    this.#freeIfUnused(entry);
  }

  /** By the bytes of a name; those that are removed have none. */
  lookup(name: Uint8Array): RootEntry | undefined {
    const candidates = this.#byNameHash.get(hashName(0, name, 0, name.length));
    if (candidates === undefined) return undefined;
    for (const entry of candidates) if (sameBytes(entry.name, name)) return entry;
    return undefined;
  }

  get(slot: number): RootEntry | undefined {
    return this.#bySlot.get(slot);
  }

  isVirtualName(name: Uint8Array): boolean {
    for (const virtual of this.virtualNames) if (sameBytes(virtual, name)) return true;
    return false;
  }

  /** The `index`-th of the listing. */
  at(index: number): RootEntry | undefined {
    return this.#listed[index];
  }

  /** The index in the listing of the first entry whose slot is higher. */
  firstAfter(slot: number): number {
    return partitionPoint(this.#listed, entry => entry.slot <= slot);
  }

  /** The kernel was told of `count` nodes of the slot, or, below zero, has forgotten as many. */
  addLookups(slot: number, count: number): void {
    const entry = this.#bySlot.get(slot);
    if (entry === undefined) return;
    entry.lookups += count;
    this.#freeIfUnused(entry);
  }

  #freeIfUnused(entry: MutableEntry): void {
    if (entry.removed && entry.lookups <= 0) this.#bySlot.delete(entry.slot);
  }

  #linkName(entry: MutableEntry): void {
    const hash = hashName(0, entry.name, 0, entry.name.length);
    const sameHash = this.#byNameHash.get(hash);
    if (sameHash === undefined) this.#byNameHash.set(hash, [entry]);
    else sameHash.push(entry);
  }

  #unlinkName(entry: MutableEntry): void {
    const hash = hashName(0, entry.name, 0, entry.name.length);
    const others = this.#byNameHash.get(hash)?.filter(other => other !== entry) ?? [];
    if (others.length === 0) this.#byNameHash.delete(hash);
    else this.#byNameHash.set(hash, others);
  }
}

interface MutableEntry extends RootEntry {
  name: Uint8Array;
  removed: boolean;
  /** Over all nodes of the slot. */
  lookups: number;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}
