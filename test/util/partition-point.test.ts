import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionPoint } from '../../src/util/partition-point.ts';

describe('the partition point', () => {
  it('is the number of items in front', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.nat(21), (numbers, limit) => {
        const sorted = numbers.toSorted((a, b) => a - b);
        const isBelow = (number: number): boolean => number < limit;
        expect(partitionPoint(sorted, isBelow)).toBe(sorted.filter(isBelow).length);
      }),
    );
  });
});
