import type { CatalogFailure } from './catalog.ts';

/** The last failures, oldest first. */
export class FailureLog {
  readonly #failures: CatalogFailure[] = [];

  add(failure: CatalogFailure): void {
    this.#failures.push(failure);
    if (this.#failures.length > KEPT) this.#failures.shift();
  }

  all(): readonly CatalogFailure[] {
    return [...this.#failures];
  }
}

/** As `.torrent-fuse/errors` promises. */
const KEPT = 100;
