/** Keeps the answer to an expensive question for a moment, so that a thousand askers at once cost as much as one. */
export class BriefCache<T> {
  readonly #ask: () => T;
  readonly #lifetimeMs: number;
  #answer: { readonly value: T; readonly untilMs: number } | undefined;

  constructor(ask: () => T, lifetimeMs: number) {
    this.#ask = ask;
    this.#lifetimeMs = lifetimeMs;
  }

  get(): T {
    const now = performance.now();
    if (this.#answer === undefined || now >= this.#answer.untilMs) {
      this.#answer = { value: this.#ask(), untilMs: now + this.#lifetimeMs };
    }
    return this.#answer.value;
  }

  /** What was answered is not true any more. */
  clear(): void {
    this.#answer = undefined;
  }
}
