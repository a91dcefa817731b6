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
    const { catalog, root, settings } = options;
    const pinned = settings.torrentsThatSay('pin');
    for (const torrent of pinned.has(null) ? root.all() : [...pinned].flatMap(each => mountedAs(root, each))) {
      this.#tell(torrent);
    }
    this.#unsubscribe = catalog.onEvent(event => {
      if (event.kind === 'appeared') this.#tellIfPinned(event.torrent.infoHash);
    });
  }

  /** The pins or priorities of these paths have changed. @param infoHash null for the whole mount */
  changed(infoHash: InfoHash | null): void {
    const { root } = this.#options;
    for (const torrent of infoHash === null ? root.all() : mountedAs(root, infoHash)) this.#tell(torrent);
  }

  stop(): void {
    this.#unsubscribe();
  }

  #tellIfPinned(infoHash: InfoHash): void {
    const { settings } = this.#options;
    if (settings.says(infoHash, 'pin') || settings.says(null, 'pin')) this.changed(infoHash);
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
