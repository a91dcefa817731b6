import { expect, test } from 'vitest';
import { Availability } from '../../../src/engine/embedded/availability.ts';
import { FakePieces } from './fake-wire.ts';

const peerWith = (...pieces: number[]) => ({ peerPieces: new FakePieces(pieces) });

test('a piece is available that any of the peers has', () => {
  const peers = [peerWith(1), peerWith(3, 12), peerWith()];
  const availability = new Availability(
    13,
    () => peers,
    () => 0,
  );
  expect([...availability.look()]).toEqual([0b0101_0000, 0b0000_1000]);
});

test('every piece is available where a peer has everything, and says so without a list', () => {
  const everything = { peerPieces: { get: () => true, buffer: new Uint8Array() } };
  const availability = new Availability(
    9,
    () => [peerWith(1), everything],
    () => 0,
  );
  expect([...availability.look()]).toEqual([0xff, 0xff]);
});

test('peers that come and go are noticed within a second, and not looked at for every plan', () => {
  let [asked, nowMs] = [0, 0];
  let peers = [peerWith()];
  const counted = () => {
    asked++;
    return peers;
  };
  const availability = new Availability(4, counted, () => nowMs);
  for (let time = 0; time < 5; time++) expect([...availability.look()]).toEqual([0]);
  expect(asked).toBe(1);
  peers = [peerWith(2)];
  nowMs = 1000;
  expect([...availability.look()]).toEqual([0b0010_0000]);
  peers = [];
  nowMs = 2000;
  expect([...availability.look()]).toEqual([0]);
});
