import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineError, type EngineErrorCode } from '../../../src/engine/index.ts';
import { ServerGuard } from '../../../src/engine/rqbit/retry-policy.ts';

const { signal } = new AbortController();
const failing = (code: EngineErrorCode) => vi.fn(() => Promise.reject<string>(new EngineError(code, code)));

let guard: ServerGuard;

beforeEach(() => {
  vi.useFakeTimers();
  guard = new ServerGuard('rqbit at http://test');
});

afterEach(() => void vi.useRealTimers());

/** Settles a call under fake timers. */
async function outcomeOf(call: Promise<string>): Promise<string> {
  const outcome = call.catch(error => error.code ?? error.message);
  await vi.advanceTimersByTimeAsync(20_000);
  return outcome;
}

async function breakIt(): Promise<void> {
  for (let failure = 0; failure < 5; failure++) await outcomeOf(guard.once(failing('network'), signal));
}

describe('calls that may be repeated', () => {
  it('are tried four times when the server is at fault', async () => {
    const attempt = failing('unavailable');
    expect(await outcomeOf(guard.repeated(attempt, signal))).toBe('unavailable');
    expect(attempt).toHaveBeenCalledTimes(4);
  });

  it('succeed when a later attempt does', async () => {
    const attempt = failing('disconnected');
    attempt.mockRejectedValueOnce(new EngineError('disconnected', '')).mockResolvedValueOnce('there');
    expect(await outcomeOf(guard.repeated(attempt, signal))).toBe('there');
    expect(attempt).toHaveBeenCalledTimes(2);
  });

  it.each(['not-found', 'unauthorized', 'protocol', 'read-timeout'] as const)('are tried once for %s', async code => {
    const attempt = failing(code);
    expect(await outcomeOf(guard.repeated(attempt, signal))).toBe(code);
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it('end with their signal, also between two attempts', async () => {
    const controller = new AbortController();
    const attempt = failing('network');
    const call = guard.repeated(attempt, controller.signal);
    const outcome = call.catch(error => error.message);
    await vi.advanceTimersByTimeAsync(1);
    controller.abort(new Error('unmounted'));
    expect(await outcome).toBe('unmounted');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(attempt).toHaveBeenCalledTimes(1);
  });
});

describe('the circuit breaker', () => {
  it('opens after five failures in a row: calls fail without being made', async () => {
    await breakIt();
    const attempt = failing('network');
    expect(await outcomeOf(guard.once(attempt, signal))).toBe('breaker-open');
    expect(attempt).not.toHaveBeenCalled();
  });

  it('stays closed for failures that do not blame the server', async () => {
    for (let failure = 0; failure < 20; failure++) await outcomeOf(guard.once(failing('not-found'), signal));
    expect(await outcomeOf(guard.once(async () => 'there', signal))).toBe('there');
  });

  it('lets one call probe after 30 s, and closes when it succeeds', async () => {
    await breakIt();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await outcomeOf(guard.once(async () => 'there', signal))).toBe('there');
    expect(await outcomeOf(guard.once(failing('network'), signal))).toBe('network');
  });

  it('opens again when the probe fails', async () => {
    await breakIt();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await outcomeOf(guard.once(failing('network'), signal))).toBe('network');
    expect(await outcomeOf(guard.once(async () => 'there', signal))).toBe('breaker-open');
  });

  it('forgives when the server is seen to work', async () => {
    await breakIt();
    guard.forgive();
    expect(await outcomeOf(guard.once(async () => 'there', signal))).toBe('there');
  });
});
