import type { Catalog, CatalogTorrent } from '../catalog/catalog.ts';
import type { PathSettingsStore } from '../catalog/path-settings.ts';

/** Tells the engine of every pinned torrent when it appears: an engine need not remember what it was told before. */
export function keepPinned(catalog: Catalog, settings: PathSettingsStore): () => void {
  const apply = ({ infoHash, pieceCount }: CatalogTorrent): void => {
    if (pieceCount !== undefined && settings.own({ infoHash, path: [] }).pin) catalog.setPinned(infoHash, true);
  };
  for (const torrent of catalog.torrents()) apply(torrent);
  return catalog.onEvent(event => {
    if (event.kind === 'appeared') apply(event.torrent);
  });
}
