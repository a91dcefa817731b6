import type { Clock } from '../util/clock.ts';

/**
 * Expires once nothing has been heard of for `timeoutMs`. Hearing is cheap: the timer is not set anew each time, it looks when
 * it fires how long there was silence.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #expired: () => void;
  readonly #isAlive: () => boolean;
  #heardAtMs: number;
  #cancel: (() => void) | undefined;

  /**
   * @param expired called once, unless {@link stop} was called before
   * @param isAlive asked when it is about to expire, for signs of life that do not report themselves
   */
  constructor(clock: Clock, timeoutMs: number, expired: () => void, isAlive: () => boolean = () => false) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#expired = expired;
    this.#isAlive = isAlive;
    this.#heardAtMs = clock.now();
    this.#arm(timeoutMs);
  }

  /** When it expires if nothing is heard until then, on the clock's scale. */
  get atMs(): number {
    return this.#heardAtMs + this.#timeoutMs;
  }

  hear(): void {
    this.#heardAtMs = this.#clock.now();
  }

  stop(): void {
    this.#cancel?.();
  }

  #arm(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => {
      if (this.atMs <= this.#clock.now() && this.#isAlive()) this.hear();
      const restMs = this.atMs - this.#clock.now();
      if (restMs > 0) this.#arm(restMs);
      else this.#expired();
    });
  }
}
