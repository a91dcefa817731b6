import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileHoldings } from '../../src/fs/held-ranges.ts';
import { FakeTorrent } from '../fakes/fake-torrent.ts';

describe('what is held of a file', () => {
  it('agrees, byte by byte, with the pieces that are held', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 1, max: 17 }),
        fc.array(fc.boolean()),
        (fileLengths, pieceLength, held) => {
          const files = fileLengths.map((length, index) => ({ path: [`${index}`], length }));
          const { details } = new FakeTorrent({ files, pieceLength });
          for (const file of details.files) {
            const holdings = new FileHoldings(details, file.index, { has: piece => held[piece] ?? false });
            const expected = Array.from({ length: file.length }, (_, at) => {
              return held[Math.floor((file.offset + at) / pieceLength)] ?? false;
            });
            expect(bytesOf(holdings.ranges(), file.length)).toEqual(expected);
            const first = Math.floor(file.offset / pieceLength);
            const bits = [...Buffer.from(holdings.bitfield(), 'hex')].flatMap(byte => [
              ...byte.toString(2).padStart(8, '0'),
            ]);
            for (const [at, isHeld] of expected.entries()) {
              expect(bits[Math.floor((file.offset + at) / pieceLength) - first]).toBe(isHeld ? '1' : '0');
            }
          }
        },
      ),
    );
  });

  it('is nothing for an empty file', () => {
    const { details } = new FakeTorrent({
      files: [
        { path: ['a'], length: 0 },
        { path: ['b'], length: 10 },
      ],
      pieceLength: 4,
    });
    const holdings = new FileHoldings(details, 0, { has: () => true });
    expect(holdings.bitfield()).toBe('');
    expect(holdings.ranges()).toBe('');
  });
});

function bytesOf(ranges: string, length: number): boolean[] {
  const bytes = Array.from({ length }, () => false);
  for (const range of ranges.split(',').filter(text => text !== '')) {
    const [start, end] = range.split('-').map(Number);
    bytes.fill(true, start, end);
  }
  return bytes;
}
