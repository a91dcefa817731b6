import { abortable } from './abortable.ts';

/** Lets one through at a time, in the order in which they came. */
export class Turnstile {
  #last: Promise<void> = Promise.resolve();

  /** Runs `work` once all that came before is over. @throws the signal's reason, if it fires while it waits */
  async pass<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last;
    let leave: () => void = () => {};
    const left = new Promise<void>(resolve => {
      leave = resolve;
    });
    this.#last = before.then(() => left);
    try {
      await abortable(before, signal);
      return await work();
    } finally {
      leave();
    }
  }
}
