import { patternContent } from '../fixtures/content.ts';
import { type MadeTorrent, makeTorrent } from '../fixtures/make-torrent.ts';

export const PIECE = 32 * 1024;
/** Of the files of each torrent: several pieces, none, several and a bit, a few bytes. */
export const LENGTHS = [3 * PIECE + 100, 0, 5 * PIECE + 1, 11] as const;
export const PIECE_COUNT = Math.ceil(LENGTHS.reduce((sum, length) => sum + length, 0) / PIECE);

/** A torrent for each test, so that none sees what another fetched. */
export class TorrentSupply {
  readonly all: readonly MadeTorrent[] = Array.from({ length: 40 }, (_, seed) =>
    makeTorrent({
      name: `torrent ${seed}`,
      pieceLength: PIECE,
      files: ['one.bin', 'empty', 'Ünï çödé/two.bin', 'last'].map((path, index) => ({
        path,
        content: patternContent(LENGTHS[index] ?? 0, `${seed} ${index}`),
      })),
    }),
  );
  #used = 0;

  next(): MadeTorrent {
    const torrent = this.all[this.#used++];
    if (torrent === undefined) throw new Error('make more torrents');
    return torrent;
  }
}
