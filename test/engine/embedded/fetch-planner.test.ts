import { expect, onTestFinished, test, vi } from 'vitest';
import { FetchPlanner } from '../../../src/engine/embedded/fetch-planner.ts';
import { HeldPieces } from '../../../src/engine/embedded/held-pieces.ts';
import { noWishes } from '../../../src/engine/embedded/torrent-folder.ts';
import { detailsOfSingleFile } from '../../fixtures/torrent-details.ts';
import { FakePieces } from './fake-wire.ts';

/** Four of the largest pieces here. */
const MOST = 2 ** 26;
const PIECES = 20;
const all = Array.from({ length: PIECES }, (_, piece) => piece);

function setUp({ pieceLength = 2 ** 24, byDefault = false } = {}) {
  const details = { ...detailsOfSingleFile({ length: PIECES * pieceLength }), pieceLength, pieceCount: PIECES };
  const held = new HeldPieces(PIECES);
  const peers: { peerPieces: FakePieces }[] = [];
  const connect = (...pieces: number[]) => peers.push({ peerPieces: new FakePieces(pieces) });
  const components = { details, held, peers: () => peers, now: () => 0 };
  return { held, connect, planner: new FetchPlanner(components, { byDefault, wishes: noWishes }) };
}

test('wants nothing until somebody does', () => {
  const { planner } = setUp();
  expect([planner.wantsMore, planner.plan(MOST)]).toEqual([false, { pieces: [], urgentCount: 0 }]);
});

test('what streams need comes first, then what is fetched ahead, then what the torrent is wished to hold', () => {
  const { planner } = setUp({ pieceLength: 2 ** 14, byDefault: true });
  planner.streams.set(1, { first: 9, end: 11, priority: 0 });
  planner.setAhead([{ first: 17, end: 18 }]);
  const rest = all.filter(piece => ![9, 10, 17].includes(piece));
  expect(planner.plan(MOST)).toEqual({ pieces: [9, 10, 17, ...rest], urgentCount: 1 });
});

test.each([
  ['a stream', (planner: FetchPlanner) => void planner.streams.set(1, { first: 2, end: 4, priority: 0 })],
  ['a read that is foreseen', (planner: FetchPlanner) => planner.setAhead([{ first: 2, end: 4 }])],
])('wants what %s does, until it is held', (_, want) => {
  const { planner, held } = setUp();
  want(planner);
  held.add(2);
  expect([planner.wantsMore, planner.plan(MOST).pieces]).toEqual([true, [3]]);
  held.add(3);
  expect([planner.wantsMore, planner.plan(MOST).pieces]).toEqual([false, []]);
});

test('wants a file that is wished for, and again what is lost of it', () => {
  const { planner, held } = setUp({ pieceLength: 2 ** 14 });
  planner.setFileWishes({ wanted: [{ first: 0, endExclusive: 1 }], unwanted: [] });
  expect(planner.plan(MOST).pieces).toEqual(all);
  for (const piece of all) held.add(piece);
  expect(planner.wantsMore).toBe(false);
  held.remove(5);
  planner.reset();
  expect([planner.wantsMore, planner.plan(MOST).pieces]).toEqual([true, [5]]);
});

test('plans few large pieces, of those that somebody has and of those that nobody has', () => {
  const { planner, connect } = setUp({ byDefault: true });
  expect(planner.plan(MOST).pieces).toEqual([0, 1, 2, 3]);
  connect(6, 7, 8, 9, 10);
  expect(planner.plan(MOST).pieces).toEqual([0, 1, 2, 3, 6, 7, 8, 9]);
});

test('does not look at each piece of what is held already', () => {
  const { planner, held } = setUp();
  for (let piece = 0; piece < PIECES - 1; piece++) held.add(piece);
  planner.streams.set(1, { first: 0, end: PIECES, priority: 0 });
  onTestFinished(() => void vi.restoreAllMocks());
  const has = vi.spyOn(held, 'has');
  expect([planner.wantsMore, ...planner.streams.newProgress(() => 5)]).toEqual([
    true,
    [1, { piece: PIECES - 1, uncheckedBytes: 5 }],
  ]);
  planner.streams.passTurn(PIECES - 1);
  expect(has).not.toHaveBeenCalled();
});
