import { expect, test } from 'vitest';
import { WorkQueue } from '../../../src/engine/embedded/work-queue.ts';

const never = new AbortController().signal;

/** Work that ends when it is told to. */
function controlled() {
  const running: string[] = [];
  const finish = new Map<string, () => void>();
  const work = (name: string) => () =>
    new Promise<void>(resolve => {
      running.push(name);
      finish.set(name, resolve);
    });
  return { running, work, finish: (name: string) => finish.get(name)?.() };
}

test('runs as many at once as it may, the others in turn', async () => {
  const queue = new WorkQueue(2);
  const { running, work, finish } = controlled();
  const done = ['a', 'b', 'c', 'd'].map(name => queue.run(work(name), never));
  await Promise.resolve();
  expect(running).toEqual(['a', 'b']);
  finish('b');
  await done[1];
  expect(running).toEqual(['a', 'b', 'c']);
  finish('a');
  await done[0];
  expect(running).toEqual(['a', 'b', 'c', 'd']);
});

test('work that fails makes room too, and tells', async () => {
  const queue = new WorkQueue(1);
  const failing = queue.run(() => Promise.reject(new Error('no')), never);
  const next = queue.run(async () => {}, never);
  await expect(failing).rejects.toThrow('no');
  await next;
});

test('who gives up before the turn comes never runs', async () => {
  const queue = new WorkQueue(1);
  const { running, work, finish } = controlled();
  const first = queue.run(work('a'), never);
  const controller = new AbortController();
  const second = queue.run(work('b'), controller.signal);
  const third = queue.run(work('c'), never);
  controller.abort(new Error('given up'));
  await expect(second).rejects.toThrow('given up');
  finish('a');
  await first;
  await Promise.resolve();
  expect(running).toEqual(['a', 'c']);
  finish('c');
  await third;
});
