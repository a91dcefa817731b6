import { setMaxListeners } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { StreamBudget, streamBudgetDefaults } from '../../../src/engine/rqbit/stream-budget.ts';
import type { Lease } from '../../../src/engine/rqbit/stream-lease.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

const { signal } = new AbortController();
setMaxListeners(0, signal);

interface ApplicantTraits {
  readonly torrent?: string;
  readonly isHeld?: boolean;
}

/** One who wants a lease, as a stream does: gets it, loses it, and asks again. */
class Applicant {
  readonly name: string;
  readonly #budget: StreamBudget;
  readonly #torrent: string;
  readonly #isHeld: boolean;
  lease: Lease | undefined;
  grants = 0;
  comesBack = false;
  delivers = false;
  priority = 0;

  constructor(budget: StreamBudget, name: string, { torrent = name, isHeld = false }: ApplicantTraits = {}) {
    this.#budget = budget;
    this.name = name;
    this.#torrent = torrent;
    this.#isHeld = isHeld;
  }

  get hasLease(): boolean {
    return this.lease !== undefined;
  }

  async apply(hadTurnInVain = false): Promise<this> {
    let isRevoked = false;
    const onRevoked = () => {
      isRevoked = true;
      this.lease = undefined;
      if (this.comesBack) queueMicrotask(() => void this.apply(!this.delivers)); // as a stream does, which closes first
    };
    const lease = await this.#budget.acquire({
      signal,
      torrent: this.#torrent,
      isHeld: this.#isHeld,
      priority: () => this.priority,
      hadTurnInVain,
      onRevoked,
    });
    if (!isRevoked) this.lease = lease;
    this.grants++;
    return this;
  }
}

let clock: FakeClock;
let budget: StreamBudget;

beforeEach(() => {
  clock = new FakeClock();
  budget = new StreamBudget({ clock }, streamBudgetDefaults);
});

/** In steps in which nobody's turn begins twice, after each of which the applicants act. */
async function pass(milliseconds: number): Promise<void> {
  const end = clock.now() + milliseconds;
  do {
    clock.advance(Math.min(50, end - clock.now()));
    await new Promise(resolve => setImmediate(resolve));
  } while (clock.now() < end);
}

/** Each of a torrent of its own, unless the traits say otherwise. */
async function applicants(count: number, prefix: string, traits: ApplicantTraits = {}): Promise<Applicant[]> {
  const all = Array.from({ length: count }, (_, index) => new Applicant(budget, `${prefix}${index}`, traits));
  for (const applicant of all) void applicant.apply();
  await pass(0);
  return all;
}

/** Readers who get bytes all the time. */
function keepBusy(all: readonly Applicant[]): () => void {
  for (const applicant of all) applicant.delivers = true;
  let cancel = () => {};
  const deliver = () => {
    for (const { lease } of all) lease?.progressed();
    cancel = clock.after(100, deliver);
  };
  cancel = clock.after(100, deliver);
  return () => cancel();
}

const holders = (all: readonly Applicant[]) => all.filter(applicant => applicant.hasLease).map(({ name }) => name);

describe('the budget of streams', () => {
  it('gives out six leases, and the seventh when one is returned', async () => {
    const all = await applicants(7, 'r');
    expect(holders(all)).toHaveLength(6);
    all[2]?.lease?.release();
    await pass(0);
    expect(all[6]?.hasLease).toBe(true);
    expect(budget.leased).toBe(6);
  });

  it('lets at most four leases be without progress for two seconds', async () => {
    const all = await applicants(6, 'dead');
    await pass(2250);
    expect(holders(all)).toHaveLength(4);
  });

  it('takes the lease that was without progress for longest', async () => {
    const all = await applicants(5, 'r');
    await pass(1000);
    for (const applicant of all) if (applicant.name !== 'r3') applicant.lease?.progressed();
    await pass(2250);
    expect(holders(all)).not.toContain('r3');
  });

  it('leaves leases alone that nobody waits on', async () => {
    const all = await applicants(6, 'r');
    for (const { lease } of all) lease?.idle();
    await pass(60_000);
    expect(budget.leased).toBe(6);
  });

  it('takes an idle lease for a newcomer before one that is read', async () => {
    const all = await applicants(6, 'r');
    const stop = keepBusy(all.slice(1));
    all[0]?.lease?.idle();
    await pass(300);
    const [newcomer] = await applicants(1, 'new');
    stop();
    expect(newcomer?.hasLease).toBe(true);
    expect(all[0]?.hasLease).toBe(false);
  });

  it('serves a newcomer at once among twenty readers of dead torrents', async () => {
    const dead = await applicants(20, 'dead');
    for (const applicant of dead) applicant.comesBack = true;
    await pass(10_000);
    for (let round = 0; round < 10; round++) {
      const [reader] = await applicants(1, 'healthy');
      expect(reader?.hasLease).toBe(true);
      reader?.lease?.release();
      await pass(700);
    }
  });

  it('serves a newcomer at once among 600 readers of one dead torrent, of whom few had a turn yet', async () => {
    const dead = await applicants(600, 'dead', { torrent: 'dead' });
    for (const applicant of dead) applicant.comesBack = true;
    await pass(2250);
    for (let round = 0; round < 10; round++) {
      const [reader] = await applicants(1, 'healthy');
      expect(reader?.hasLease).toBe(true);
      reader?.lease?.release();
      await pass(700);
    }
  });

  it('serves who reads what is held of a torrent at once, among 600 readers of what is missing of it', async () => {
    const waiting = await applicants(600, 'waiting', { torrent: 'half' });
    for (const applicant of waiting) applicant.comesBack = true;
    await pass(2250);
    const [reader] = await applicants(1, 'reader', { torrent: 'half', isHeld: true });
    expect(reader?.hasLease).toBe(true);
  });

  it('serves who reads what is held at once, also where nobody has waited for long yet', async () => {
    await applicants(6, 'r');
    await pass(100);
    const [held] = await applicants(1, 'held', { isHeld: true });
    expect(held?.hasLease).toBe(true);
    expect(budget.leased).toBe(6);
  });

  it('lets the reader of a slow torrent have whole turns beside seven readers of another that get bytes', async () => {
    const busy = await applicants(7, 'busy', { torrent: 'busy' });
    for (const applicant of busy) applicant.comesBack = true;
    const stop = keepBusy(busy);
    await pass(1000);
    const slow = new Applicant(budget, 'slow');
    slow.comesBack = true;
    void slow.apply();
    let heldMs = 0;
    for (let ms = 0; ms < 60_000; ms += 500) {
      await pass(500);
      if (slow.hasLease) heldMs += 500;
    }
    stop();
    expect(slow.grants).toBeGreaterThanOrEqual(3);
    expect(heldMs / slow.grants).toBeGreaterThanOrEqual(5000);
  });

  it('lets the only reader of one slow torrent have its turn before the many readers of another', async () => {
    const many = await applicants(600, 'many', { torrent: 'dead' });
    for (const applicant of many) applicant.comesBack = true;
    await pass(60_000);
    const lonely = new Applicant(budget, 'lonely');
    void lonely.apply(true);
    await pass(7000);
    expect(lonely.grants).toBe(1);
  });

  it('gives each of twenty readers of dead torrents its turn', async () => {
    const dead = await applicants(20, 'dead');
    for (const applicant of dead) applicant.comesBack = true;
    await pass(60_000);
    expect(dead.filter(({ grants }) => grants === 0)).toEqual([]);
    expect(budget.leased).toBeLessThanOrEqual(6);
  });

  it('does not take the lease of a reader that gets bytes while others wait in vain', async () => {
    const [healthy] = await applicants(1, 'healthy');
    const stop = keepBusy(healthy === undefined ? [] : [healthy]);
    const dead = await applicants(20, 'dead');
    for (const applicant of dead) applicant.comesBack = true;
    await pass(60_000);
    stop();
    expect(healthy?.grants).toBe(1);
    expect(healthy?.hasLease).toBe(true);
  });

  it('lets a seventh reader have its turn when six get bytes without end', async () => {
    const all = await applicants(6, 'r');
    for (const applicant of all) applicant.comesBack = true;
    const [seventh] = await applicants(1, 'seventh');
    const stop = keepBusy([...all, ...(seventh === undefined ? [] : [seventh])]);
    await pass(7000);
    stop();
    expect(seventh?.hasLease).toBe(true);
  });

  it('prefers a newcomer to one that had a turn in vain, but not for ever', async () => {
    budget = new StreamBudget({ clock }, { ...streamBudgetDefaults, turnMs: 60_000 });
    const all = await applicants(6, 'r');
    const stop = keepBusy(all);
    const returned = new Applicant(budget, 'returned');
    void returned.apply(true);
    await pass(1000);
    const [soon] = await applicants(1, 'soon');
    await pass(6000);
    await applicants(1, 'late');
    all[0]?.lease?.release();
    await pass(0);
    expect([soon?.grants, returned.grants]).toEqual([1, 0]);
    all[1]?.lease?.release();
    await pass(0);
    stop();
    expect(returned.grants).toBe(1);
  });

  it('serves a waiter of a higher priority first, and one of a low priority all the same', async () => {
    const all = await applicants(6, 'r');
    for (const applicant of all) applicant.comesBack = true;
    const waiters = ['low', 'normal', 'high'].map(name => new Applicant(budget, name));
    const [low, normal, high] = waiters;
    for (const [index, waiter] of waiters.entries()) waiter.priority = index - 1;
    const stop = keepBusy([...all, ...waiters]);
    for (const waiter of waiters) void waiter.apply();
    await pass(1000);
    all[0]?.lease?.release();
    await pass(0);
    expect(holders(waiters)).toEqual(['high']);
    expect(high?.grants).toBe(1);
    await pass(6000);
    expect([low?.grants, normal?.grants]).toEqual([0, 1]);
    await pass(20_000);
    stop();
    expect(low?.grants).toBe(1);
  });

  it('goes by the priority that a waiter has by now', async () => {
    const all = await applicants(6, 'r');
    const [first, second] = [new Applicant(budget, 'first'), new Applicant(budget, 'second')];
    for (const waiter of [first, second]) void waiter.apply();
    await pass(1000);
    second.priority = 1;
    all[0]?.lease?.release();
    await pass(0);
    expect([first.hasLease, second.hasLease]).toEqual([false, true]);
  });

  it('forgets a waiter whose signal fires', async () => {
    await applicants(6, 'r');
    const controller = new AbortController();
    const request = { torrent: 'x', isHeld: false, priority: () => 0, hadTurnInVain: false, onRevoked: () => {} };
    const waiting = budget.acquire({ ...request, signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(budget.waiting).toBe(0);
  });

  it('keeps no timer when there is nothing to decide', async () => {
    const all = await applicants(7, 'r');
    for (const applicant of all) applicant.lease?.release();
    await pass(0);
    for (const applicant of all) applicant.lease?.release();
    expect(budget.leased).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });
});
