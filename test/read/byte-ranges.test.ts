import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteRanges } from '../../src/read/byte-ranges.ts';

const SIZE = 64;
const bound = fc.integer({ min: 0, max: SIZE });
const range = fc.tuple(bound, bound).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));

describe('a set of byte ranges', () => {
  it('answers as a bitmap would', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), range, (added, asked) => {
        const ranges = new ByteRanges();
        const bitmap = new Array<boolean>(SIZE).fill(false);
        for (const { from, to } of added) {
          ranges.add(from, to);
          bitmap.fill(true, from, to);
        }
        const part = bitmap.slice(asked.from, asked.to);
        const missing = part.indexOf(false);
        expect(ranges.firstMissing(asked.from, asked.to)).toBe(missing < 0 ? asked.to : asked.from + missing);
        expect(ranges.has(asked.from, asked.to)).toBe(missing < 0);
        const seen = new Array<boolean>(SIZE).fill(true);
        for (const gap of ranges.missing(asked.from, asked.to)) seen.fill(false, gap.from, gap.to);
        expect(seen.slice(asked.from, asked.to)).toEqual(part);
      }),
    );
  });
});
