import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../src/read/byte-budget.ts';
import { never } from './reader-rig.ts';

describe('a byte budget', () => {
  it('gives what is free, and no more', () => {
    const budget = new ByteBudget(10);
    expect(budget.tryAcquire(6)).toBe(true);
    expect(budget.tryAcquire(5)).toBe(false);
    budget.release(6);
    expect(budget.used).toBe(0);
  });

  it('serves those who wait in their order, and lets nobody overtake', async () => {
    const budget = new ByteBudget(10);
    const served: string[] = [];
    const first = await budget.acquire(8, never);
    const large = budget.acquire(9, never).then(release => {
      served.push('large');
      return release;
    });
    const small = budget.acquire(1, never).then(release => {
      served.push('small');
      return release;
    });
    expect(budget.tryAcquire(1)).toBe(false);
    first();
    (await large)();
    (await small)();
    expect(served).toEqual(['large', 'small']);
    expect(budget.used).toBe(0);
  });

  it('gives a user that wants more than there is all of it, alone', async () => {
    const budget = new ByteBudget(10);
    const release = await budget.acquire(1_000, never);
    expect(budget.used).toBe(10);
    release();
    expect(budget.used).toBe(0);
  });

  it('forgets who gave up, and serves who comes after', async () => {
    const budget = new ByteBudget(10);
    const release = await budget.acquire(8, never);
    const controller = new AbortController();
    const impatient = budget.acquire(10, controller.signal);
    const modest = budget.acquire(2, never);
    controller.abort(new Error('gave up'));
    await expect(impatient).rejects.toThrow('gave up');
    (await modest)();
    release();
    expect([budget.used, budget.waiting]).toEqual([0, 0]);
  });
});
