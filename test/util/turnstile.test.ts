import { describe, expect, it } from 'vitest';
import { Deferred } from '../../src/util/deferred.ts';
import { Turnstile } from '../../src/util/turnstile.ts';

const { signal } = new AbortController();

describe('a turnstile', () => {
  it('lets one through at a time, in order', async () => {
    const turnstile = new Turnstile();
    const gate = new Deferred<void>();
    const order: string[] = [];
    const first = turnstile.pass(async () => {
      order.push('first in');
      await gate.promise;
      order.push('first out');
    }, signal);
    const second = turnstile.pass(async () => order.push('second'), signal);
    gate.resolve();
    await Promise.all([first, second]);
    expect(order).toEqual(['first in', 'first out', 'second']);
  });

  it('goes on after a failure', async () => {
    const turnstile = new Turnstile();
    await expect(turnstile.pass(() => Promise.reject(new Error('bad')), signal)).rejects.toThrow('bad');
    await expect(turnstile.pass(async () => 'fine', signal)).resolves.toBe('fine');
  });

  it('keeps its order when one who waits goes away', async () => {
    const turnstile = new Turnstile();
    const gate = new Deferred<void>();
    let isOver = false;
    const first = turnstile.pass(async () => {
      await gate.promise;
      isOver = true;
    }, signal);
    const controller = new AbortController();
    const second = turnstile.pass(async () => 'never', controller.signal);
    const third = turnstile.pass(async () => isOver, signal);
    controller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    gate.resolve();
    await first;
    await expect(third).resolves.toBe(true);
  });
});
