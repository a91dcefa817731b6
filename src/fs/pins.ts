import type { Catalog } from '../catalog/catalog.ts';
import type { PathSettingsStore } from '../catalog/path-settings.ts';
import type { InfoHash } from '../engine/index.ts';
import { fileWishesOf } from './file-wishes.ts';
import type { MountedTorrent, TorrentRoot } from './torrent-root.ts';

export interface PinsOptions {
  readonly catalog: Catalog;
  readonly root: TorrentRoot;
  readonly settings: PathSettingsStore;
}

/** Tells the engine which files are pinned: when that changes, and when a torrent appears, for an engine need not remember it. */
export class Pins {
  readonly #options: PinsOptions;
  readonly #unsubscribe: () => void;

  constructor(options: PinsOptions) {
    this.#options = options;
    const { catalog, root } = options;
    this.#unsubscribe = catalog.onEvent(event => {
      if (event.kind !== 'appeared' || !this.#isPinned(event.torrent.infoHash)) return;
      for (const torrent of mountedAs(root, event.torrent.infoHash)) this.#tell(torrent);
    });
  }

  /** Tells of those that are in the root already. */
  start(): void {
    for (const torrent of this.#options.root.all()) if (this.#isPinned(torrent.infoHash)) this.#tell(torrent);
  }

  /**
   * These settings of paths have changed. Where nothing is pinned a priority is no news to the engine: what others selected in it
   * stays as it is.
   *
   * @param infoHash null for the whole mount
   */
  changed(infoHash: InfoHash | null, keys: ReadonlySet<string>): void {
    const { root } = this.#options;
    if (!keys.has('pin') && !keys.has('priority')) return;
    for (const torrent of infoHash === null ? root.all() : mountedAs(root, infoHash)) {
      if (keys.has('pin') || this.#isPinned(torrent.infoHash)) this.#tell(torrent);
    }
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** Whether anything is said, be it that it is not to be pinned. */
  #isPinned(infoHash: InfoHash): boolean {
    const { settings } = this.#options;
    return settings.says(infoHash, 'pin') || settings.says(null, 'pin');
  }

  #tell({ infoHash, tree }: MountedTorrent): void {
    const { catalog, settings } = this.#options;
    const files = catalog.get(infoHash)?.details?.files;
    if (files !== undefined) catalog.setFileWishes(infoHash, fileWishesOf(tree, files, settings.ofTorrent(infoHash)));
  }
}

function mountedAs(root: TorrentRoot, infoHash: InfoHash | null): MountedTorrent[] {
  const mounted = infoHash === null ? undefined : root.byInfoHash(infoHash);
  return mounted === undefined ? [] : [mounted];
}
