import type { Clock } from '../../src/util/clock.ts';

/** Stands still until it is told to move on. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #timers: Set<{ readonly atMs: number; readonly callback: () => void }> = new Set();

  /** Timers that have not fired and were not cancelled. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets the time pass; timers fire in their order, those that are set meanwhile included. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(timer => timer.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = due.atMs;
      due.callback();
    }
    this.#now = end;
  }
}
