import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pieceSize, piecesOf, spansOf } from '../../src/engine/payload-layout.ts';
import { detailsOfFiles } from '../fixtures/torrent-details.ts';

const torrentOf = (lengths: readonly number[]) =>
  detailsOfFiles(lengths.map((length, index) => ({ path: `${index}`, length })));

test('spans cover a range byte for byte, and skip what is empty', () => {
  const lengths = fc.array(fc.nat(9), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(lengths, fc.nat(60), fc.nat(60), (sizes, a, b) => {
      const torrent = torrentOf(sizes);
      // Each byte of the torrent as the file it is in and its offset there.
      const bytes = torrent.files.flatMap(file =>
        Array.from({ length: file.length }, (_, at) => `${file.index}:${at}`),
      );
      const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
      const spans = spansOf(torrent, start, end);
      const covered: string[] = [];
      for (const span of spans) {
        expect(span.length).toBeGreaterThan(0);
        expect(span.rangeOffset).toBe(covered.length);
        for (let at = 0; at < span.length; at++) covered.push(`${span.file.index}:${span.fileOffset + at}`);
      }
      expect(covered).toEqual(bytes.slice(start, end));
    }),
  );
});

test('the last piece is as long as what is left', () => {
  const torrent = torrentOf([2 ** 14 + 5]);
  expect([pieceSize(torrent, 0), pieceSize(torrent, 1)]).toEqual([2 ** 14, 5]);
  expect(pieceSize(torrentOf([2 ** 15]), 1)).toBe(2 ** 14);
});

test('a range names the pieces that it touches', () => {
  const torrent = torrentOf([2 ** 20]);
  expect(piecesOf(torrent, 0, 1)).toEqual({ first: 0, end: 1 });
  expect(piecesOf(torrent, 2 ** 14 - 1, 2 ** 14 + 1)).toEqual({ first: 0, end: 2 });
  expect(piecesOf(torrent, 2 ** 14, 2 ** 15)).toEqual({ first: 1, end: 2 });
  expect(piecesOf(torrent, 100, 100)).toEqual({ first: 0, end: 0 });
});
