import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/util/backoff.ts';

describe('backoff', () => {
  it('doubles up to its ceiling, and begins anew after a reset', () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 350, random: () => 1 });
    expect([backoff.nextMs(), backoff.nextMs(), backoff.nextMs(), backoff.nextMs()]).toEqual([100, 200, 350, 350]);
    expect(backoff.attempts).toBe(4);
    backoff.reset();
    expect(backoff.nextMs()).toBe(100);
  });

  it('spreads the times over the upper half', () => {
    expect(new Backoff({ initialMs: 100, maxMs: 1000, random: () => 0 }).nextMs()).toBe(50);
  });
});
