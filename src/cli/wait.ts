import { setTimeout } from 'node:timers/promises';

/** Resolves when the signal fires. */
export function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Resolves after a time, or at once when one of the signals fires; never rejects. Keeps the process alive meanwhile. */
export async function pause(ms: number, signals: readonly AbortSignal[] = []): Promise<void> {
  await setTimeout(ms, undefined, { signal: AbortSignal.any([...signals]) }).catch(() => {});
}
