/**
 * How fast a peer sends while it owes something. The time in which nothing is asked of it does not count, so that a reader who
 * comes back, or jumps, finds the peer as fast as it was.
 */
export class PeerPace {
  /** Since when it owes what it will bring next. */
  #sinceMs: number;
  #bytes = 0;
  #elapsedMs = 0;
  /** How often in a row what it owed was withdrawn. */
  #timesWithdrawn = 0;
  #downloadedThen = 0;

  /** @param nowMs when it is asked for its first block */
  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** It is asked for a block, and owed none before. */
  asked(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  arrived(bytes: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs;
    const remembered = Math.exp(-elapsedMs / MEMORY_MS);
    this.#bytes = this.#bytes * remembered + bytes;
    this.#elapsedMs = this.#elapsedMs * remembered + elapsedMs;
    this.#sinceMs = nowMs;
    this.#timesWithdrawn = 0;
  }

  /**
   * What it owes is withdrawn.
   *
   * @param downloaded all bytes that it ever sent: those of a block that came after it was withdrawn show that it is only slow
   * @returns how often in a row it was, and no block came
   */
  withdrawn(downloaded: number): number {
    this.#timesWithdrawn = downloaded === this.#downloadedThen ? this.#timesWithdrawn + 1 : 1;
    this.#downloadedThen = downloaded;
    return this.#timesWithdrawn;
  }

  /** Whether what it owed last was withdrawn. */
  get isSilent(): boolean {
    return this.#timesWithdrawn > 0;
  }

  /** Zero while it is not known. */
  get bytesPerSecond(): number {
    return this.#elapsedMs === 0 ? 0 : (this.#bytes / this.#elapsedMs) * 1000;
  }

  /** For how long it has owed a block, and brought none. */
  silentMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }
}

/** Some round trips of any peer, and little enough that a peer that became slower is not flooded. */
const MEMORY_MS = 2000;
