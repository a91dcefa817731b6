import type { Clock } from '../util/clock.ts';

/** So often in its time a deadline asks for signs of life: it takes one for younger than it is by at most such a part. */
const LOOKS = 8;

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
   * @param isAlive whether there was a sign of life since it was last asked; for those that do not report themselves
   */
  constructor(clock: Clock, timeoutMs: number, expired: () => void, isAlive: () => boolean) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#expired = expired;
    this.#isAlive = isAlive;
    this.#heardAtMs = clock.now();
    this.#arm();
  }

  /** When it expires if nothing is heard until then, on the clock's scale. */
  get atMs(): number {
    return this.#heardAtMs + this.#timeoutMs;
  }

  /** For how long nothing was heard of, signs of life included. */
  silentMs(): number {
    if (this.#isAlive()) this.hear();
    return this.#clock.now() - this.#heardAtMs;
  }

  hear(): void {
    this.#heardAtMs = this.#clock.now();
  }

  stop(): void {
    this.#cancel?.();
  }

  #arm(): void {
    const restMs = this.atMs - this.#clock.now();
    this.#cancel = this.#clock.after(Math.min(restMs, this.#timeoutMs / LOOKS), () => {
      if (this.#isAlive()) this.hear();
      if (this.atMs > this.#clock.now()) this.#arm();
      else this.#expired();
    });
  }
}
