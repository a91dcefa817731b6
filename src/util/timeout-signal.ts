/**
 * Fires after `ms` milliseconds, and does not keep the process alive. In place of `AbortSignal.timeout`, of which Node 20 lets
 * go when it is only part of an `AbortSignal.any`: once collected, it never fires.
 */
export function timeoutSignal(ms: number): AbortSignal {
  const controller = new AbortController();
  const fire = (): void => controller.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
  // Beyond 2³¹ − 1 ms Node fires at once.
  setTimeout(fire, Math.min(ms, 0x7fff_ffff)).unref();
  return controller.signal;
}
