/** Wakes those who wait for what has come, and leaves the others alone: hundreds may wait while something comes for one. */
export class Wakeups {
  readonly #waiting = new Map<() => void, () => boolean>();

  /** Something has changed. */
  wake(): void {
    for (const [wake, isThere] of [...this.#waiting]) if (isThere()) wake();
  }

  /** Resolves at the next {@link wake} at which `isThere` is true, rejects with the signal's reason. */
  until(isThere: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const end = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', abort);
      };
      const wake = () => {
        end();
        resolve();
      };
      const abort = () => {
        end();
        reject(signal.reason);
      };
      this.#waiting.set(wake, isThere);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
