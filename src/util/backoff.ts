/**
 * Waiting times that double from `initialMs` to `maxMs`, each drawn between half of it and all of it, so that many waiters
 * of one lost server do not come back at the same moment.
 */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#initialMs = options.initialMs;
    this.#maxMs = options.maxMs;
    this.#random = options.random ?? Math.random;
  }

  /** How often `nextMs` was called since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds to wait before the next attempt. */
  nextMs(): number {
    const ceiling = Math.min(this.#maxMs, this.#initialMs * 2 ** this.#attempts);
    this.#attempts++;
    return ceiling * (0.5 + 0.5 * this.#random());
  }

  /** It worked: the next failure begins at `initialMs` again. */
  reset(): void {
    this.#attempts = 0;
  }
}

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** In [0, 1). */
  readonly random?: () => number;
}
