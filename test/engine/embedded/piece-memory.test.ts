import { expect, test } from 'vitest';
import { PieceFetcher } from '../../../src/engine/embedded/piece-fetcher.ts';
import { PieceMemory } from '../../../src/engine/embedded/piece-memory.ts';
import { detailsOfSingleFile } from '../../fixtures/torrent-details.ts';
import { FakeWire } from './fake-wire.ts';

const MiB = 2 ** 20;
const PIECE = 4 * MiB;
const zeros = new Uint8Array(PIECE);

/** Torrents of two pieces each. */
function fetchers(count: number, memory: PieceMemory) {
  const sketch = { ...detailsOfSingleFile({ length: 2 * PIECE }), pieceLength: PIECE, pieceCount: 2 };
  const details = { ...sketch, pieceHashes: new Uint8Array(40) };
  return Array.from({ length: count }, () => {
    const wire = new FakeWire([zeros, zeros]);
    const world = { pieces: [0, 1] };
    const fetcher = new PieceFetcher({
      details,
      memory,
      wires: () => [wire],
      plan: () => ({ pieces: world.pieces, urgentCount: 0 }),
      keep: async () => {},
      onBadPeer: () => {},
      now: () => 0,
    });
    const fetchHalf = () => {
      world.pieces = [0];
      fetcher.update();
      for (let block = 0; block < 100; block++) wire.send();
    };
    const leave = () => {
      world.pieces = [];
      fetcher.update();
    };
    return { fetcher, fetchHalf, leave };
  });
}

test('what torrents that nobody reads any more keep is within one bound for all', () => {
  const memory = new PieceMemory();
  const torrents = fetchers(20, memory);
  for (const { fetchHalf } of torrents) fetchHalf();
  for (const { leave } of torrents) leave();
  expect(memory.idleBytes).toBe(32 * MiB);
  // The newest are worth keeping.
  const kept = torrents.filter(({ fetcher }) => fetcher.receivedOf(0) > 0);
  expect(kept).toEqual(torrents.slice(-4));
  for (const { fetcher } of torrents) fetcher.stop();
  expect(memory.idleBytes).toBe(16 * MiB);
});

test('what is wanted again does not have to make room', () => {
  const memory = new PieceMemory();
  const torrents = fetchers(6, memory);
  const [first, ...others] = torrents;
  if (first === undefined) throw new Error('no torrents');
  first.fetchHalf();
  first.leave();
  first.fetchHalf();
  for (const { fetchHalf, leave } of others) {
    fetchHalf();
    leave();
  }
  expect(torrents.map(({ fetcher }) => fetcher.receivedOf(0) > 0)).toEqual([true, false, true, true, true, true]);
});

test('torrents that fetch at the same time share what may be on its way', () => {
  const memory = new PieceMemory();
  const [one, other] = [{}, {}];
  expect(memory.shareOf(one)).toBe(64 * MiB);
  expect([memory.shareOf(other), memory.shareOf(one)]).toEqual([32 * MiB, 32 * MiB]);
  memory.leave(other);
  expect(memory.shareOf(one)).toBe(64 * MiB);
});
