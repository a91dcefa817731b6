import { expect, test } from 'vitest';
import { HeldPieces } from '../../../src/engine/embedded/held-pieces.ts';
import { StreamDemands } from '../../../src/engine/embedded/stream-demands.ts';

function setUp() {
  const held = new HeldPieces(20);
  return { held, demands: new StreamDemands(held) };
}

const demand = (first: number, end: number, priority = 0) => ({ first, end, priority });

test('streams that needed a piece next go behind the others when it is held', () => {
  const { held, demands } = setUp();
  for (const [id, first] of [0, 5, 0].entries()) demands.set(id, demand(first, 10 + id));
  held.add(0);
  demands.passTurn(0);
  expect(demands.inTurn.map(({ end }) => end)).toEqual([11, 10, 12]);
  held.add(6); // wanted by all of them, and needed next by none
  demands.passTurn(6);
  expect(demands.inTurn.map(({ end }) => end)).toEqual([11, 10, 12]);
});

test('what is needed next is told by priority', () => {
  const { held, demands } = setUp();
  demands.set(1, demand(0, 3));
  demands.set(2, demand(4, 8, 1));
  demands.set(3, demand(2, 3));
  for (const piece of [0, 2, 4]) held.add(piece);
  expect(demands.neededNext).toEqual([5, 1]);
});

test('progress is told when it changes, and of each piece anew', () => {
  const { held, demands } = setUp();
  demands.set(1, demand(0, 3));
  const told = (received: number) => [...demands.newProgress(() => received)];
  expect(told(7)).toEqual([[1, { piece: 0, uncheckedBytes: 7 }]]);
  expect(told(7)).toEqual([]);
  expect(told(9)).toEqual([[1, { piece: 0, uncheckedBytes: 9 }]]);
  held.add(0);
  expect(told(9)).toEqual([[1, { piece: 1, uncheckedBytes: 9 }]]);
  demands.drop(1);
  expect(told(9)).toEqual([]);
});
