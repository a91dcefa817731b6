/** Opens once. */
export class Gate {
  readonly opened: Promise<void>;
  readonly #signals = new Signals();
  #isOpen = false;

  constructor() {
    this.opened = new Promise(resolve => this.#signals.subscribe(resolve));
  }

  open(): void {
    this.#isOpen = true;
    this.#signals.emit();
  }

  async passed(signal: AbortSignal): Promise<void> {
    if (!this.#isOpen) await this.#signals.next(signal);
  }
}

/** Wakes whoever listens; `next` waits for one wake-up. */
export class Signals {
  readonly #listeners: Set<() => void> = new Set();

  emit(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  next(signal: AbortSignal): Promise<void> {
    return untilAborted(signal, resolve => this.subscribe(resolve));
  }
}

/** Resolves when the subscription calls back, rejects when the signal fires; either way the subscription ends. */
export function untilAborted(signal: AbortSignal, subscribe: (resolve: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => {
      unsubscribe();
      reject(signal.reason);
    };
    const unsubscribe = subscribe(() => {
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
