import { expect, test } from 'vitest';
import { Availability } from '../../../src/engine/embedded/availability.ts';

const peerWith = (...pieces: number[]) => ({ peerPieces: { get: (piece: number) => pieces.includes(piece) } });

test('a piece is available that any of the peers has', () => {
  const availability = new Availability(
    4,
    () => [peerWith(1), peerWith(3)],
    () => 0,
  );
  expect([0, 1, 2, 3].map(availability.look())).toEqual([false, true, false, true]);
});

test('peers that come and go are noticed within a second, and not asked about each piece all the time', () => {
  let [asked, nowMs] = [0, 0];
  let peers = [peerWith()];
  const counted = () => {
    asked++;
    return peers;
  };
  const availability = new Availability(4, counted, () => nowMs);
  for (let time = 0; time < 5; time++) expect(availability.look()(2)).toBe(false);
  expect(asked).toBe(1);
  peers = [peerWith(2)];
  nowMs = 1000;
  expect(availability.look()(2)).toBe(true);
});
