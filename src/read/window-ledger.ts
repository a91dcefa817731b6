/** Whoever reads ahead. */
export interface WindowOwner {
  /** Windows of a higher one are not taken for those of a lower one. */
  readonly priority: number;
  /** Its window is needed elsewhere: it has none until it asks again. */
  revoked(): void;
}

/**
 * Shares one limit of bytes among all read-ahead windows. A window is not waited for: it goes to the reader that was active
 * last, and is taken from those of the lowest priority, and of these from the ones that were not active for the longest time, such
 * as paused players.
 */
export class WindowLedger {
  readonly limit: number;
  /** In the order of their last grant. */
  readonly #granted: Map<WindowOwner, number> = new Map();
  #total = 0;

  /** @param limit bytes; well below the size of the cache, or windows would evict each other before they are read */
  constructor(limit: number) {
    this.limit = limit;
  }

  get total(): number {
    return this.#total;
  }

  /** Replaces what the owner has. @returns the bytes that it may read ahead, at most those it asked for */
  grant(owner: WindowOwner, bytes: number): number {
    this.release(owner);
    const granted = Math.min(bytes, this.limit);
    if (granted <= 0) return 0;
    this.#granted.set(owner, granted);
    this.#total += granted;
    while (this.#total > this.limit) {
      const least = this.#leastImportant();
      this.release(least);
      if (least === owner) return 0;
      least.revoked();
    }
    return granted;
  }

  release(owner: WindowOwner): void {
    this.#total -= this.#granted.get(owner) ?? 0;
    this.#granted.delete(owner);
  }

  /** Only while there is any. */
  #leastImportant(): WindowOwner {
    let least: WindowOwner | undefined;
    for (const owner of this.#granted.keys()) if (least === undefined || owner.priority < least.priority) least = owner;
    if (least === undefined) throw new Error('unreachable: what is over the limit was granted to somebody');
    return least;
  }
}
