import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Turn, Turns } from '../../src/catalog/turns.ts';

const nobody = new AbortController().signal;

describe('turns', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function take(turns: Turns): Promise<Turn> {
    const turn = await turns.take(nobody);
    if (turn === undefined) throw new Error('no turn');
    return turn;
  }

  it('are given in the order in which they are asked for', async () => {
    const turns = new Turns(1);
    const first = await take(turns);
    const order: string[] = [];
    const second = take(turns).then(turn => {
      order.push('second');
      return turn;
    });
    const third = take(turns).then(() => order.push('third'));
    turns.end(first);
    turns.end(await second);
    await third;
    expect(order).toEqual(['second', 'third']);
  });

  it('are not given to those who went away, and lost by none of them', async () => {
    const turns = new Turns(1);
    const first = await take(turns);
    const leaving = new AbortController();
    const gone = turns.take(leaving.signal);
    const stays = take(turns);
    leaving.abort();
    expect(await gone).toBeUndefined();
    expect(await turns.take(leaving.signal)).toBeUndefined();
    turns.end(first);
    turns.end(await stays);
    await take(turns);
  });

  it('end when whoever took them goes away', async () => {
    const leaving = new AbortController();
    const turn = await new Turns(1).take(leaving.signal);
    leaving.abort(new Error('gone'));
    expect(turn?.signal.reason).toEqual(new Error('gone'));
  });

  it('last for ever while nobody waits', async () => {
    const turn = await take(new Turns(1, 1000));
    vi.advanceTimersByTime(1_000_000);
    expect(turn.signal.aborted).toBe(false);
  });

  it('make room, after their time, for as many as wait', async () => {
    const turns = new Turns(3, 1000);
    const taken = [await take(turns), await take(turns), await take(turns)];
    void take(turns);
    void take(turns);
    expect(taken.map(({ signal }) => signal.aborted)).toEqual([false, false, false]);
    vi.advanceTimersByTime(1000);
    expect(taken.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
  });

  it('that are out of time make room as soon as somebody waits', async () => {
    const turns = new Turns(1, 1000);
    const turn = await take(turns);
    vi.advanceTimersByTime(1000);
    void take(turns);
    expect(turn.signal.aborted).toBe(true);
  });
});
