/**
 * SIGINT and SIGTERM as they are meant to a mount: the first asks it to end in order, the second to end at once. Further ones
 * change nothing. Until `release` they no longer end the process by themselves.
 */
export class StopRequests {
  readonly #inOrder = new AbortController();
  readonly #atOnce = new AbortController();
  readonly #listener = () => (this.inOrder.aborted ? this.#atOnce.abort() : this.#inOrder.abort());
  readonly #signals: readonly NodeJS.Signals[];

  constructor(signals: readonly NodeJS.Signals[]) {
    this.#signals = signals;
    for (const signal of signals) process.on(signal, this.#listener);
  }

  /** Fires with the first. */
  get inOrder(): AbortSignal {
    return this.#inOrder.signal;
  }

  /** Fires with the second. */
  get atOnce(): AbortSignal {
    return this.#atOnce.signal;
  }

  release(): void {
    for (const signal of this.#signals) process.off(signal, this.#listener);
  }
}
