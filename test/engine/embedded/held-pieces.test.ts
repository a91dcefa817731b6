import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldPieces } from '../../../src/engine/embedded/held-pieces.ts';

test('holds a set of pieces, counts them, and shows both to whoever shares the memory', () => {
  const changes = fc.array(fc.record({ piece: fc.nat(99), add: fc.boolean() }), { maxLength: 200 });
  fc.assert(
    fc.property(changes, list => {
      const writer = new HeldPieces(100);
      const reader = new HeldPieces(100, writer.memory);
      const model = new Set<number>();
      for (const { piece, add } of list) {
        if (add) {
          writer.add(piece);
          model.add(piece);
        } else {
          writer.remove(piece);
          model.delete(piece);
        }
      }
      expect(reader.heldCount).toBe(model.size);
      for (let piece = 0; piece < 100; piece++) expect(reader.has(piece)).toBe(model.has(piece));
    }),
  );
});

test('finds the next piece that is missing, of all or of some', () => {
  const bytes = fc.uint8Array({ minLength: 13, maxLength: 13 });
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(99)), bytes, fc.nat(100), fc.nat(100), (pieces, among, one, other) => {
      const held = new HeldPieces(100);
      for (const piece of pieces) held.add(piece);
      const [from, end] = [Math.min(one, other), Math.max(one, other)];
      const first = (isMeant: (piece: number) => boolean) => {
        for (let piece = from; piece < end; piece++) if (!held.has(piece) && isMeant(piece)) return piece;
        return end;
      };
      expect(held.nextMissing(from, end)).toBe(first(() => true));
      const isAmong = (piece: number) => (((among[piece >> 3] ?? 0) << (piece & 7)) & 0x80) !== 0;
      expect(held.nextMissing(from, end, among)).toBe(first(isAmong));
    }),
  );
});

test('has no pieces beyond its ends', () => {
  const held = new HeldPieces(3);
  held.add(2);
  expect([held.has(-1), held.has(3), held.has(2 ** 32)]).toEqual([false, false, false]);
});

test('the bitfield has the first piece as its most significant bit, and is a copy', () => {
  const held = new HeldPieces(10);
  held.add(0);
  held.add(9);
  const bitfield = held.toBitfield();
  held.add(1);
  expect([...bitfield]).toEqual([0b10000000, 0b01000000]);
});

test('of a torrent without pieces is empty', () => {
  const held = new HeldPieces(0);
  expect([held.heldCount, held.toBitfield().length, held.has(0)]).toEqual([0, 0, false]);
});
