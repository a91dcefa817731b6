import { describe, expect, it } from 'vitest';
import { Deadline } from '../../src/read/deadline.ts';
import { FakeClock } from '../fakes/fake-clock.ts';

function setUp(isAlive = () => false) {
  const clock = new FakeClock();
  let expiredAt: number | undefined;
  const deadline = new Deadline(clock, 1_000, () => (expiredAt = clock.now()), isAlive);
  return { clock, deadline, expiredAt: () => expiredAt };
}

describe('a deadline', () => {
  it('expires once, after silence', () => {
    const { clock, expiredAt } = setUp();
    clock.advance(999);
    expect(expiredAt()).toBeUndefined();
    clock.advance(5_000);
    expect(expiredAt()).toBe(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('starts anew with everything it hears', () => {
    const { clock, deadline, expiredAt } = setUp();
    clock.advance(900);
    deadline.hear();
    clock.advance(900);
    deadline.hear();
    expect(deadline.atMs).toBe(2_800);
    clock.advance(10_000);
    expect(expiredAt()).toBe(2_800);
  });

  it('starts anew for signs of life that it has to ask for, from a moment soon after them', () => {
    let hasSign = false;
    const { clock, expiredAt } = setUp(() => {
      const isAlive = hasSign;
      hasSign = false;
      return isAlive;
    });
    clock.advance(300);
    hasSign = true;
    clock.advance(10_000);
    expect(expiredAt()).toBe(1_375);
  });

  it('never expires once it was stopped', () => {
    const { clock, deadline, expiredAt } = setUp();
    deadline.stop();
    clock.advance(10_000);
    expect(expiredAt()).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });
});
