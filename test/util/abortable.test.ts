import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { abortable, sleep } from '../../src/util/abortable.ts';

const reason = new Error('gone');

describe('abortable', () => {
  it('passes the result through and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    await expect(abortable(Promise.resolve(7), signal)).resolves.toBe(7);
    expect(removed).toHaveBeenCalledOnce();
  });

  it('rejects with the reason as soon as the signal fires, though the work goes on', async () => {
    const controller = new AbortController();
    const result = abortable(new Promise(() => {}), controller.signal);
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
  });

  it('rejects at once when the signal has fired already', async () => {
    await expect(abortable(Promise.resolve(7), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('sleep', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('ends after its time', async () => {
    const slept = sleep(1000, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(1000);
    await expect(slept).resolves.toBeUndefined();
  });

  it('is cut short by the signal and leaves no timer', async () => {
    const controller = new AbortController();
    const slept = sleep(1000, controller.signal);
    controller.abort(reason);
    await expect(slept).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });
});
