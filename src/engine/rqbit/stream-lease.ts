import type { Clock } from '../../util/clock.ts';

export interface LeaseRequest {
  readonly signal: AbortSignal;
  /** See `StreamOptions.priority`. */
  readonly priority: () => number;
  /** Info hash. */
  readonly torrent: string;
  /** Whether the server is known to have the bytes that are asked for first. */
  readonly isHeld: boolean;
  /** Lost its last lease without a byte having come. */
  readonly hadTurnInVain: boolean;
  /** The lease is gone, perhaps before it was handed out, and what it stood for must be closed; not called after `release`. */
  readonly onRevoked: () => void;
}

export interface Lease {
  /** A reader waits for bytes from now on. */
  wanted(): void;
  /** Bytes came. */
  progressed(): void;
  /** No reader waits. */
  idle(): void;
  /** Idempotent. */
  release(): void;
}

/** A lease as the budget sees it: who has it, and what came of it so far. */
export class HeldLease implements Lease {
  readonly grantedAt: number;
  readonly torrent: string;
  readonly isHeld: boolean;
  readonly onRevoked: () => void;
  readonly priority: () => number;
  readonly #clock: Clock;
  readonly #release: () => void;
  #isWanted = true;
  #isDoubtful: boolean;
  #hasDelivered = false;
  #since: number;

  constructor(request: LeaseRequest, isDoubtful: boolean, clock: Clock, release: () => void) {
    this.grantedAt = clock.now();
    this.#since = this.grantedAt;
    this.#clock = clock;
    this.torrent = request.torrent;
    this.isHeld = request.isHeld;
    this.onRevoked = request.onRevoked;
    this.priority = request.priority;
    this.#isDoubtful = isDoubtful;
    this.#release = release;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Was given to one that will hardly deliver, and has not since. */
  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  get hasDelivered(): boolean {
    return this.#hasDelivered;
  }

  /** When it became idle; or since when a reader has waited without a byte. */
  get since(): number {
    return this.#since;
  }

  wanted(): void {
    if (!this.#isWanted) this.#since = this.#clock.now();
    this.#isWanted = true;
  }

  progressed(): void {
    this.#isDoubtful = false;
    this.#hasDelivered = true;
    this.#since = this.#clock.now();
  }

  idle(): void {
    if (this.#isWanted) this.#since = this.#clock.now();
    this.#isWanted = false;
  }

  release(): void {
    this.#release();
  }
}
