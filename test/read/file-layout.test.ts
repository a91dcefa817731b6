import { describe, expect, it } from 'vitest';
import { FileLayout } from '../../src/read/file-layout.ts';
import { FakeTorrent } from '../fakes/fake-torrent.ts';

/** Pieces of 1,000 bytes, blocks of 400; the second file begins 300 bytes into piece 1 and ends 100 into piece 3. */
const torrent = new FakeTorrent({
  files: [
    { path: ['a'], length: 1_300 },
    { path: ['b'], length: 1_800 },
    { path: ['c'], length: 5_000 },
  ],
  pieceLength: 1_000,
});
const layout = new FileLayout(torrent.details, 1, 400);

describe('the layout of a file', () => {
  it('knows the pieces that its bytes lie in', () => {
    expect([0, 699, 700, 1_699, 1_700, 1_799].map(offset => layout.pieceAt(offset))).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('cuts the first and the last piece at the ends of the file', () => {
    expect([1, 2, 3].map(piece => [layout.pieceStart(piece), layout.pieceEnd(piece)])).toEqual([
      [0, 700],
      [700, 1_700],
      [1_700, 1_800],
    ]);
    expect([1, 2, 3].map(piece => layout.bytesBeforeFile(piece))).toEqual([300, 0, 0]);
  });

  it('cuts the last block at the end of the file', () => {
    expect(layout.blockCount).toBe(5);
    expect([layout.blockStart(4), layout.blockEnd(4)]).toEqual([1_600, 1_800]);
    expect([...layout.byBlock(350, 900)]).toEqual([
      { block: 0, from: 350, to: 400 },
      { block: 1, from: 400, to: 800 },
      { block: 2, from: 800, to: 900 },
    ]);
  });

  it('rounds to blocks, but never into another piece', () => {
    expect(layout.roundDown(650)).toBe(400);
    expect(layout.roundDown(750)).toBe(700);
    expect(layout.roundUp(650)).toBe(700);
    expect(layout.roundUp(750)).toBe(800);
    expect(layout.roundUp(800)).toBe(800);
    expect(layout.roundUp(1_790)).toBe(1_800);
  });

  it('looks at each piece of a range', () => {
    const seen: number[] = [];
    expect(layout.everyPiece(699, 1_701, piece => seen.push(piece) > 0)).toBe(true);
    expect(seen).toEqual([1, 2, 3]);
    expect(layout.everyPiece(0, 1_800, piece => piece !== 2)).toBe(false);
    expect(layout.everyPiece(5, 5, () => false)).toBe(true);
  });
});
