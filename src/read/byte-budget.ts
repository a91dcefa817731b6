/**
 * A limit on bytes of memory that several users share. Whoever may wait is served in order of arrival, so it must only be waited
 * for by users that all give back in bounded time; whoever may not takes what is there, or does without.
 */
export class ByteBudget {
  readonly limit: number;
  #used = 0;
  readonly #queue: Set<{ readonly bytes: number; readonly grant: () => void }> = new Set();

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Takes the bytes if they are free now and nobody waits. */
  tryAcquire(bytes: number): boolean {
    if (this.#queue.size > 0 || this.#used + bytes > this.limit) return false;
    this.#used += bytes;
    return true;
  }

  /**
   * Waits until the bytes are free. More than the limit counts as the limit: it is granted to one user alone.
   *
   * @returns gives them back; to be called once, in a `finally`
   */
  async acquire(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const amount = Math.min(bytes, this.limit);
    if (!this.tryAcquire(amount)) await this.#wait(amount, signal);
    return () => this.release(amount);
  }

  /** Gives back what {@link tryAcquire} took. */
  release(bytes: number): void {
    this.#used -= bytes;
    for (const waiter of this.#queue) {
      if (this.#used + waiter.bytes > this.limit) break;
      this.#used += waiter.bytes;
      this.#queue.delete(waiter);
      waiter.grant();
    }
  }

  #wait(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#queue.delete(waiter);
        // The next in the queue may be content with less.
        this.release(0);
        reject(signal.reason);
      };
      this.#queue.add(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
