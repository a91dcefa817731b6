import { expect, it } from 'vitest';
import type { CatalogTorrent } from '../../src/catalog/catalog.ts';
import { parseInfoHash } from '../../src/engine/index.ts';
import { figuresOf } from '../../src/fs/torrent-figures.ts';

it('a torrent that the engine has yet to take holds nothing', () => {
  const infoHash = parseInfoHash('ab'.repeat(20));
  if (infoHash === undefined) throw new Error('it is an info hash');
  const torrent: CatalogTorrent = {
    infoHash,
    renamedTo: undefined,
    name: 'film',
    addedAtSeconds: 0,
    state: 'initializing',
    summary: undefined,
    details: undefined,
    pieceCount: 7,
    lastError: undefined,
    updatedAtMs: 0,
  };
  expect(figuresOf(torrent, { pieces: undefined, totalPieces: 7 })).toMatchObject({
    progress_pct: 0,
    downloaded_pieces: 0,
    total_pieces: 7,
  });
});
