import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SecondLooks } from '../../../src/engine/embedded/second-looks.ts';

const never = new AbortController().signal;

function setUp() {
  const looked: number[] = [];
  const looks = new SecondLooks(async piece => {
    looked.push(piece);
    await nextTurn();
  });
  return { looked, looks };
}

test('several who doubt the same are served by one look at each piece', async () => {
  const { looked, looks } = setUp();
  await Promise.all([looks.at(0, 5, never), looks.at(2, 5, never), looks.at(0, 5, never)]);
  // Those at 0 and 2 had begun when the last one asked.
  expect(looked.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 2, 2, 3, 4]);
});

test('a look that began before somebody asked is not one for him', async () => {
  const { looked, looks } = setUp();
  const first = looks.at(0, 2, never);
  await Promise.all([first, looks.at(0, 2, never)]);
  expect(looked.toSorted((a, b) => a - b)).toEqual([0, 0, 1]);
  await looks.at(0, 2, never);
  expect(looked).toHaveLength(5);
});

test('who leaves takes nobody with him, and what fails fails for those who asked for it', async () => {
  const looked: number[] = [];
  const looks = new SecondLooks(async piece => {
    looked.push(piece);
    await nextTurn();
    if (piece === 3) throw new Error('no disk');
  });
  const leaving = new AbortController();
  const left = looks.at(0, 3, leaving.signal);
  const [stays, fails] = [looks.at(0, 3, never), looks.at(2, 5, never)];
  leaving.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  await expect(fails).rejects.toThrow('no disk');
  await stays;
  expect(looked).not.toContain(4);
});
