import { expect, test } from 'vitest';
import { Wakeups } from '../../../src/engine/embedded/wakeups.ts';

const never = new AbortController().signal;
const nextTurn = () => new Promise(resolve => setImmediate(resolve));

test('whoever waits is woken by what it waits for, and by nothing else', async () => {
  const wakeups = new Wakeups();
  const there = new Set<number>();
  const woken: number[] = [];
  for (const piece of [1, 2]) void wakeups.until(() => there.has(piece), never).then(() => woken.push(piece));
  wakeups.wake();
  await nextTurn();
  expect(woken).toEqual([]);
  there.add(2);
  wakeups.wake();
  wakeups.wake();
  await nextTurn();
  expect(woken).toEqual([2]);
});

test('a wait ends with its signal, for its reason, and is not asked about any more', async () => {
  const wakeups = new Wakeups();
  const given = new AbortController();
  let asked = 0;
  const waiting = wakeups.until(() => {
    asked++;
    return false;
  }, given.signal);
  given.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  wakeups.wake();
  expect(asked).toBe(0);
  await expect(wakeups.until(() => true, given.signal)).rejects.toThrow('enough');
});
