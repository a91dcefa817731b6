/**
 * Who may hold an HTTP stream. rqbit gives every open stream one of a fixed number of permits (8, unless it was started with
 * another `--max-blocking-threads`), and needs the same permits to write what it downloads: streams that wait for missing
 * pieces on all of them would stop the very download that they wait for. So at most `maxStreams` leases are out at once, of
 * which at most `maxStalled` wait in vain; the longest of these gives way, and those without a lease take turns.
 *
 * Who comes first: a newcomer before one that had a turn in vain, unless that waited `comebackMs` longer. Who gives way: a
 * lease that nobody reads from, then the one without a byte for longest, and among leases that all deliver, one that had
 * `turnMs` already.
 */
export class StreamBudget {
  readonly #options: StreamBudgetOptions;
  readonly #leases = new Set<HeldLease>();
  readonly #waiters = new Set<Waiter>();
  #tick: NodeJS.Timeout | undefined;

  constructor(options: StreamBudgetOptions) {
    this.#options = options;
  }

  /** How many leases are out. */
  get leased(): number {
    return this.#leases.size;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** @throws the signal's reason */
  acquire(request: LeaseRequest): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const { signal } = request;
      if (signal.aborted) return reject(signal.reason);
      const waiter: Waiter = { ...request, since: performance.now(), grant: resolve, drop: () => {} };
      const onAbort = () => {
        this.#drop(waiter);
        reject(signal.reason);
      };
      waiter.drop = () => signal.removeEventListener('abort', onAbort);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
      this.#settle();
    });
  }

  /** Decides all that can be decided now. */
  #settle(): void {
    this.#revokeOverStalled();
    for (let waiter = this.#first(); waiter !== undefined; waiter = this.#first()) {
      if (this.#leases.size >= this.#options.maxStreams) {
        const victim = this.#victimFor(waiter);
        if (victim === undefined) break;
        this.#revoke(victim);
      }
      this.#grant(waiter);
    }
    this.#keepTicking();
  }

  #grant(waiter: Waiter): void {
    this.#drop(waiter);
    const lease = new HeldLease(waiter, () => {
      if (this.#leases.delete(lease)) this.#settle();
    });
    this.#leases.add(lease);
    waiter.grant(lease);
  }

  #drop(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    waiter.drop();
  }

  #revoke(lease: HeldLease): void {
    this.#leases.delete(lease);
    lease.onRevoked();
  }

  #revokeOverStalled(): void {
    const stalled = this.#stalled();
    for (const lease of stalled.slice(0, Math.max(0, stalled.length - this.#options.maxStalled))) this.#revoke(lease);
  }

  #first(): Waiter | undefined {
    const rank = (waiter: Waiter) => waiter.since + (waiter.hadTurnInVain ? this.#options.comebackMs : 0);
    return oldest(this.#waiters, rank);
  }

  #victimFor(waiter: Waiter): HeldLease | undefined {
    const now = performance.now();
    const { idleMs, turnMs } = this.#options;
    const idle = [...this.#leases].filter(lease => !lease.isWanted && now - lease.since >= idleMs);
    if (idle.length > 0) return oldest(idle, lease => lease.since);
    const hadTurn = (lease: HeldLease) => now - lease.grantedAt >= turnMs;
    const stalled = this.#stalled();
    if (stalled.length > 0) return waiter.hadTurnInVain ? stalled.find(hadTurn) : stalled[0];
    if (now - waiter.since < turnMs) return undefined;
    return oldest([...this.#leases].filter(hadTurn), lease => lease.grantedAt);
  }

  /** Those without progress for too long, the longest first. */
  #stalled(): HeldLease[] {
    const limit = performance.now() - this.#options.stallMs;
    return [...this.#leases].filter(lease => lease.isWanted && lease.since <= limit).sort((a, b) => a.since - b.since);
  }

  /** Some decisions are brought about by time alone. */
  #keepTicking(): void {
    const isNeeded = this.#waiters.size > 0 || this.#leases.size > this.#options.maxStalled;
    if (!isNeeded) {
      clearTimeout(this.#tick);
      this.#tick = undefined;
    } else if (this.#tick === undefined) {
      this.#tick = setTimeout(() => {
        this.#tick = undefined;
        this.#settle();
      }, TICK_MS);
    }
  }
}

export interface StreamBudgetOptions {
  /** Leases out at once. */
  readonly maxStreams: number;
  /** Of these, leases without progress for `stallMs`. */
  readonly maxStalled: number;
  readonly stallMs: number;
  /** A lease that nobody has read from for this long gives way to a waiter. */
  readonly idleMs: number;
  /** What a lease may have before one that waited as long takes its place. */
  readonly turnMs: number;
  /** By how much those that had a turn in vain stand behind newcomers. */
  readonly comebackMs: number;
}

/**
 * 2 s without a byte is no seeking or slow disk any more. A turn is longer than 5 s, because rqbit's idle peers look for
 * new wishes only every 5 s. 250 ms between two reads of a stream is no reader that copies.
 */
export const streamBudgetDefaults: StreamBudgetOptions = {
  maxStreams: 6,
  maxStalled: 4,
  stallMs: 2000,
  idleMs: 250,
  turnMs: 6000,
  comebackMs: 6000,
};

/** Turns are seconds long, so a quarter of one is soon enough. */
const TICK_MS = 250;

export interface LeaseRequest {
  readonly signal: AbortSignal;
  /** Lost its last lease without a byte having come. */
  readonly hadTurnInVain: boolean;
  /** The lease is gone, and what it stood for must be closed; not called after `release`. */
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

class HeldLease implements Lease {
  readonly grantedAt = performance.now();
  readonly onRevoked: () => void;
  readonly #release: () => void;
  #isWanted = true;
  #since = this.grantedAt;

  constructor(request: LeaseRequest, release: () => void) {
    this.onRevoked = request.onRevoked;
    this.#release = release;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** When it became idle; or since when a reader has waited without a byte. */
  get since(): number {
    return this.#since;
  }

  wanted(): void {
    if (!this.#isWanted) this.#since = performance.now();
    this.#isWanted = true;
  }

  progressed(): void {
    this.#since = performance.now();
  }

  idle(): void {
    if (this.#isWanted) this.#since = performance.now();
    this.#isWanted = false;
  }

  release(): void {
    this.#release();
  }
}

interface Waiter extends LeaseRequest {
  readonly since: number;
  readonly grant: (lease: Lease) => void;
  drop: () => void;
}

function oldest<T>(candidates: Iterable<T>, ageOf: (candidate: T) => number): T | undefined {
  let found: T | undefined;
  for (const candidate of candidates) if (found === undefined || ageOf(candidate) < ageOf(found)) found = candidate;
  return found;
}
