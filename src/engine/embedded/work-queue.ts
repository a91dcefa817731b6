/** Runs a few pieces of work at a time, the others in the order in which they came. */
export class WorkQueue {
  readonly #atOnce: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Rejects with the signal's reason when it fires before the turn comes, and with whatever the work rejects with. */
  async run(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await this.#turn(signal);
    try {
      await work();
    } finally {
      this.#running--;
      const [next] = this.#waiting;
      next?.();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const go = () => {
        signal.removeEventListener('abort', giveUp);
        this.#waiting.delete(go);
        this.#running++;
        resolve();
      };
      const giveUp = () => {
        this.#waiting.delete(go);
        reject(signal.reason);
      };
      if (this.#running < this.#atOnce) return go();
      this.#waiting.add(go);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}
