import type { Catalog } from '../../catalog/catalog.ts';
import { parseInfoHash } from '../../engine/index.ts';
import { snapshotFile, type VirtualDirectory } from './virtual-node.ts';

/** `<info hash>.torrent` of every torrent whose metadata is known. */
export function metainfoDirectory(catalog: Catalog): VirtualDirectory {
  return {
    kind: 'directory',
    list: () =>
      catalog
        .torrents()
        .flatMap(({ infoHash, pieceCount }) => (pieceCount === undefined ? [] : [`${infoHash}.torrent`])),
    lookup(name) {
      const infoHash = parseInfoHash(name.replace(/\.torrent$/, ''));
      if (infoHash === undefined || name !== `${infoHash}.torrent`) return undefined;
      if (catalog.get(infoHash)?.pieceCount === undefined) return undefined;
      return snapshotFile(signal => catalog.metainfo(infoHash, signal));
    },
  };
}
