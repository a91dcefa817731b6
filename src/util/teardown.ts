/**
 * What was started, to be stopped in the reverse order. Every step is tried, even after one that failed; `run` resolves when
 * all are through, and does the work once however often it is called.
 */
export class Teardown {
  readonly #steps: (() => unknown)[] = [];
  #running: Promise<void> | undefined;

  /** @param step may return a promise */
  push(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** @param onError told of each step that fails */
  run(onError: (error: unknown) => void): Promise<void> {
    this.#running ??= this.#run(onError);
    return this.#running;
  }

  async #run(onError: (error: unknown) => void): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        onError(error);
      }
    }
  }
}
