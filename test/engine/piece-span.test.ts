import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PieceSpan } from '../../src/engine/piece-span.ts';

test('is whole whenever every piece is held, in whatever order pieces come and vanish', () => {
  const changes = fc.array(fc.nat(9), { maxLength: 200 });
  fc.assert(
    fc.property(fc.nat(10), fc.nat(10), changes, (first, length, toggled) => {
      const span = new PieceSpan({ first, end: first + length });
      const held = new Set<number>();
      for (const at of toggled) {
        const piece = first + at;
        if (!held.delete(piece)) held.add(piece);
        const isWhole = Array.from({ length }, (_, offset) => held.has(first + offset)).every(Boolean);
        expect(span.isWhole(other => held.has(other))).toBe(isWhole);
      }
    }),
  );
});

test('looks at each piece once while they come in order, however often it is asked', () => {
  const span = new PieceSpan({ first: 0, end: 1000 });
  let looked = 0;
  for (let held = 0; held < 1000; held++) {
    for (let time = 0; time < 3; time++) {
      span.isWhole(piece => {
        looked++;
        return piece < held;
      });
    }
  }
  expect(looked).toBeLessThan(5000);
});
