/** Time as the program sees it, so that a test can be its master. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Calls back once, in `delayMs` milliseconds, and does not keep the process alive. @returns cancels it; idempotent */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    // Beyond 2³¹ − 1 ms Node fires at once.
    const timer = setTimeout(callback, Math.min(delayMs, 0x7fff_ffff));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
