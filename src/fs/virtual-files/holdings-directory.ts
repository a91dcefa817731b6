import type { Catalog } from '../../catalog/catalog.ts';
import { type InfoHash, parseInfoHash } from '../../engine/index.ts';
import { FileHoldings } from '../held-ranges.ts';
import type { PieceMaps } from '../piece-maps.ts';
import { refusals } from '../refusals.ts';
import { snapshotFile, type VirtualDirectory } from './virtual-node.ts';

export interface HoldingsOptions {
  readonly catalog: Catalog;
  readonly pieces: PieceMaps;
  /** What a file says. */
  show(holdings: FileHoldings): string;
}

/** `<info hash>/<file index>`: what is held of each file, of any length, where an extended attribute has its limit. */
export function holdingsDirectory(options: HoldingsOptions): VirtualDirectory {
  const { catalog } = options;
  return {
    kind: 'directory',
    list: () => catalog.torrents().flatMap(({ infoHash, pieceCount }) => (pieceCount === undefined ? [] : [infoHash])),
    lookup(name) {
      const infoHash = parseInfoHash(name);
      if (infoHash !== name || catalog.get(infoHash)?.pieceCount === undefined) return undefined;
      return torrentDirectory(infoHash, options);
    },
  };
}

function torrentDirectory(infoHash: InfoHash, { catalog, pieces, show }: HoldingsOptions): VirtualDirectory {
  const fileCount = (): number => catalog.get(infoHash)?.details?.files.length ?? 0;
  return {
    kind: 'directory',
    list: () => Array.from({ length: fileCount() }, (_, index) => `${index}`),
    lookup(name) {
      if (!/^(0|[1-9]\d{0,7})$/.test(name) || Number(name) >= fileCount()) return undefined;
      return snapshotFile(async signal => {
        const details = catalog.get(infoHash)?.details;
        if (details === undefined) throw refusals.notFound;
        return `${show(new FileHoldings(details, Number(name), await pieces.current(infoHash, signal)))}\n`;
      });
    },
  };
}
