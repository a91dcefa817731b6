import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog, CatalogEvent, CatalogTorrent } from '../catalog/catalog.ts';
import { asEngineError, type InfoHash } from '../engine/index.ts';
import { VIRTUAL_DIRECTORY_NAME } from './metadata.ts';
import { type NameChange, RootNames } from './root-names.ts';
import type { TorrentTree } from './torrent-tree.ts';
import { buildTorrentTree } from './torrent-tree-builder.ts';
import type { TreePublisher } from './tree-publisher.ts';

/** A torrent that has an entry in the root. */
export interface MountedTorrent {
  readonly infoHash: InfoHash;
  readonly slot: number;
  readonly name: string;
  readonly tree: TorrentTree;
}

export interface TorrentRootOptions {
  readonly catalog: Catalog;
  readonly trees: TreePublisher;
  /** A name in the root no longer leads where it did: the kernel must not believe it any longer. */
  onNameGone(name: string): void;
}

/**
 * Keeps the root of the mount in line with the catalog: a torrent whose metadata is known gets its tree, its name and its slot.
 * The fuse thread knows of a change when the catalog's method that made it returns.
 */
export class TorrentRoot {
  readonly #options: TorrentRootOptions;
  readonly #names = new RootNames();
  readonly #mounted = new Map<InfoHash, { slot: number; tree: TorrentTree }>();
  readonly #unsubscribe: () => void;

  /** What appears in the catalog from now on gets its entry; what is there already, by {@link mountAll}. */
  constructor(options: TorrentRootOptions) {
    this.#options = options;
    this.#names.reserve(VIRTUAL_DIRECTORY_NAME);
    this.#unsubscribe = options.catalog.onEvent(event => this.#onEvent(event));
  }

  /**
   * Resolves when every torrent of the catalog has its entry. A few at a time: thousands of file lists take seconds to read,
   * and the event loop has other things to do.
   *
   * @throws the signal's reason
   */
  async mountAll(signal: AbortSignal): Promise<void> {
    const { catalog } = this.#options;
    let since = performance.now();
    for (const torrent of catalog.torrents()) {
      if (performance.now() - since > STRETCH_MS) {
        await nextTurn();
        signal.throwIfAborted();
        since = performance.now();
      }
      // It may have been removed meanwhile.
      if (catalog.get(torrent.infoHash) === torrent) this.#mount(torrent);
    }
  }

  /** By the name of its entry. */
  byName(name: string): MountedTorrent | undefined {
    const entry = this.#options.trees.table.lookup(Buffer.from(name));
    return entry && this.bySlot(entry.slot);
  }

  byInfoHash(infoHash: InfoHash): MountedTorrent | undefined {
    const mounted = this.#mounted.get(infoHash);
    const name = this.#names.nameOf(infoHash);
    return mounted === undefined || name === undefined ? undefined : { infoHash, name, ...mounted };
  }

  /** Undefined for one that is removed. */
  bySlot(slot: number): MountedTorrent | undefined {
    const entry = this.#options.trees.table.get(slot);
    return entry === undefined || entry.removed ? undefined : this.byInfoHash(infoHashOf(entry.tree));
  }

  /** Of its entry; what the torrent is called elsewhere while it has none. */
  nameFor(torrent: CatalogTorrent): string {
    return this.byInfoHash(torrent.infoHash)?.name ?? torrent.renamedTo ?? torrent.name;
  }

  /** In the order in which they came. */
  all(): readonly MountedTorrent[] {
    return [...this.#mounted.keys()].flatMap(infoHash => this.byInfoHash(infoHash) ?? []);
  }

  /** Whether the name leads to something, or may not be given to a torrent. */
  isTaken(name: string): boolean {
    return this.#names.has(name);
  }

  stop(): void {
    this.#unsubscribe();
  }

  #onEvent(event: CatalogEvent): void {
    switch (event.kind) {
      case 'appeared':
        this.#mount(event.torrent);
        break;
      case 'vanished':
        this.#unmount(event.infoHash);
        break;
      case 'renamed':
        this.#rename(event.torrent);
        break;
    }
  }

  #mount(torrent: CatalogTorrent): void {
    const { infoHash } = torrent;
    if (this.#mounted.has(infoHash)) return;
    const tree = this.#buildTree(torrent);
    if (tree === undefined) return;
    const { details, name, renamedTo } = torrent;
    const changes = this.#names.add({ infoHash, name, renamedTo, isSingleFile: details?.isSingleFile ?? false });
    const own = this.#names.nameOf(infoHash) ?? infoHash;
    // Those that lose their name to it first: no name may lead to two torrents.
    this.#applyRenames(changes.filter(change => change.infoHash !== infoHash));
    this.#mounted.set(infoHash, { slot: this.#options.trees.add(own, tree), tree });
  }

  #buildTree(torrent: CatalogTorrent): TorrentTree | undefined {
    const { details, addedAtSeconds, name, infoHash } = torrent;
    try {
      return details && buildTorrentTree(details, addedAtSeconds);
    } catch (cause) {
      const error = asEngineError(cause, 'bad-source');
      this.#options.catalog.report({ name, source: infoHash, error });
      return undefined;
    }
  }

  #unmount(infoHash: InfoHash): void {
    const mounted = this.byInfoHash(infoHash);
    if (mounted === undefined) return;
    this.#names.remove(infoHash);
    this.#mounted.delete(infoHash);
    this.#options.trees.remove(mounted.slot);
    this.#options.onNameGone(mounted.name);
  }

  #rename({ infoHash, renamedTo }: CatalogTorrent): void {
    if (renamedTo === undefined || !this.#mounted.has(infoHash)) return;
    this.#applyRenames(this.#names.rename(infoHash, renamedTo));
  }

  #applyRenames(changes: readonly NameChange[]): void {
    for (const { infoHash, from, to } of changes) {
      const mounted = this.#mounted.get(infoHash);
      if (mounted === undefined) continue;
      this.#options.trees.rename(mounted.slot, to);
      if (from !== undefined) this.#options.onNameGone(from);
    }
  }
}

/** What nobody notices: a tenth of the time that a slow poll of an engine takes. */
const STRETCH_MS = 10;

export function infoHashOf(tree: TorrentTree): InfoHash {
  const words = [0, 1, 2, 3, 4].map(part => tree.infoHashWord(part).toString(16).padStart(8, '0'));
  return words.join('') as InfoHash; // the tree was built from one
}
