/** Resolves when the signal fires. */
export function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Resolves after a time, or at once when one of the signals fires; never rejects. */
export function pause(ms: number, signals: readonly AbortSignal[] = []): Promise<void> {
  return fired(AbortSignal.any([AbortSignal.timeout(ms), ...signals]));
}
