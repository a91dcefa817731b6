import { describe, expect, it } from 'vitest';
import { type AssemblyHome, AssemblyPool } from '../../src/read/assembly-pool.ts';
import { BlockAssembly, type BlockWaiter } from '../../src/read/block-assembly.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { never } from './reader-rig.ts';

class Home implements AssemblyHome {
  fetching = true;
  readonly emptiedBlocks: number[] = [];
  isFetching(): boolean {
    return this.fetching;
  }
  emptied(assembly: BlockAssembly): void {
    this.emptiedBlocks.push(assembly.block);
  }
}

class Waiter implements BlockWaiter {
  readonly read = undefined;
  readonly from: number;
  readonly to: number;
  error: unknown;
  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }
  progressed(): void {}
  arrived(): void {}
  failed(error: unknown): void {
    this.error = error;
  }
}

function setUp(limit: number) {
  const clock = new FakeClock();
  const pool = new AssemblyPool(limit, clock);
  const home = new Home();
  /** A block of 10 bytes whose first half is there. */
  const halfFilled = (block: number, waiter?: BlockWaiter): BlockAssembly => {
    const assembly = new BlockAssembly(block, { start: block * 10, end: block * 10 + 10, buffers: pool.buffers });
    if (waiter) assembly.wait(waiter);
    pool.touch(assembly, home);
    assembly.fill(block * 10, new Uint8Array(5), clock.now());
    return assembly;
  };
  return { clock, pool, home, halfFilled };
}

describe('the pool of assemblies', () => {
  it('makes room at the cost of what nobody is about to finish', async () => {
    const { pool, home, halfFilled } = setUp(1);
    const left = halfFilled(0);
    home.fetching = false;
    await pool.room(never);
    expect(home.emptiedBlocks).toEqual([0]);
    expect(left.hasMemory).toBe(false);
    expect(pool.size).toBe(0);
  });

  it('lets those who start wait for those who are under way, in their order', async () => {
    const { pool, halfFilled } = setUp(1);
    const first = halfFilled(0, new Waiter(0, 10));
    const order: string[] = [];
    const a = pool.room(never).then(() => order.push('a'));
    const b = pool.room(never).then(() => order.push('b'));
    expect(pool.hasRoom()).toBe(false);
    await Promise.resolve();
    expect(order).toEqual([]);
    pool.release(first);
    await a;
    pool.release(first);
    await b;
    expect(order).toEqual(['a', 'b']);
  });

  it('turns the readers of a stuck block away when there is no room otherwise', async () => {
    const { clock, pool, home, halfFilled } = setUp(2);
    const waiter = new Waiter(0, 10);
    halfFilled(0, waiter);
    clock.advance(900);
    halfFilled(1, new Waiter(10, 20));
    const room = pool.room(never);
    expect(waiter.error).toBeUndefined();
    clock.advance(1_000);
    await room;
    expect(waiter.error).toMatchObject({ code: 'too-many-waiters' });
    expect(home.emptiedBlocks).toEqual([0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('stops waiting when the signal fires', async () => {
    const { clock, pool, halfFilled } = setUp(1);
    const held = halfFilled(0, new Waiter(0, 10));
    const controller = new AbortController();
    const room = pool.room(controller.signal);
    controller.abort();
    await room;
    pool.release(held);
    expect(clock.pendingTimers).toBe(0);
  });
});
