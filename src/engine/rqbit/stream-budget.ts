import type { Clock } from '../../util/clock.ts';
import { HeldLease, type Lease, type LeaseRequest } from './stream-lease.ts';

/**
 * Who may hold an HTTP stream. rqbit gives every open stream one of a fixed number of permits (8, unless it was started with
 * another `--max-blocking-threads`), and needs the same permits to write what it downloads: streams that wait for missing
 * pieces on all of them would stop the very download that they wait for. So at most `maxStreams` leases are out at once, of
 * which at most `maxStalled` wait in vain: those without a byte for `stallMs`, and those that had a turn in vain before.
 *
 * Who comes first: the torrents that have the fewest leases; among them, a newcomer before one that had a turn in vain, unless
 * that waited `comebackMs` longer. A newcomer to a torrent of which a lease waits in vain counts as if it had had a turn in vain,
 * unless its bytes are known to be held. Who gives way: a lease that nobody reads from; then the one that waits in vain for
 * longest, after its turn if it is to go to a torrent that has more leases; then, to a waiter whose bytes are held, one that has
 * yet to show that it delivers; and among leases that all deliver, the one that had its turn longest ago. A step of priority
 * counts like `priorityMs` of waiting, or of a turn that began as much later: the others come later, but come. So a reader of a
 * healthy file is served at once, however many readers of dead ones there are.
 */
export class StreamBudget {
  readonly #options: StreamBudgetOptions;
  readonly #leases = new Set<HeldLease>();
  readonly #waiters = new Set<Waiter>();
  readonly #clock: Clock;
  #cancelTick: (() => void) | undefined;

  constructor({ clock }: { readonly clock: Clock }, options: StreamBudgetOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** How many leases are out. */
  get leased(): number {
    return this.#leases.size;
  }

  get limit(): number {
    return this.#options.maxStreams;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** @throws the signal's reason */
  acquire(request: LeaseRequest): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const { signal } = request;
      if (signal.aborted) return reject(signal.reason);
      const waiter: Waiter = { ...request, since: this.#clock.now(), grant: resolve, drop: () => {} };
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
    this.#revokeSurplus();
    let inVain = this.#inVain();
    for (const waiter of this.#inOrder(inVain)) {
      const isDoubtful = isDoubtfulBeside(inVain, waiter);
      if (!this.#hasRoomFor(isDoubtful, inVain)) {
        const victim = this.#victimFor(waiter, isDoubtful, inVain);
        if (victim === undefined) continue;
        this.#revoke(victim);
      }
      this.#grant(waiter, isDoubtful);
      inVain = this.#inVain();
    }
    this.#keepTicking();
  }

  #hasRoomFor(isDoubtful: boolean, inVain: readonly HeldLease[]): boolean {
    if (isDoubtful && inVain.length >= this.#options.maxStalled) return false;
    return this.#leases.size < this.#options.maxStreams;
  }

  #grant(waiter: Waiter, isDoubtful: boolean): void {
    this.#drop(waiter);
    const lease = new HeldLease(waiter, isDoubtful, this.#clock, () => {
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

  #revokeSurplus(): void {
    const inVain = this.#inVain();
    for (const lease of inVain.slice(0, Math.max(0, inVain.length - this.#options.maxStalled))) this.#revoke(lease);
  }

  #inOrder(inVain: readonly HeldLease[]): Waiter[] {
    const { comebackMs, priorityMs } = this.#options;
    const rankOf = (waiter: Waiter) =>
      waiter.since + (isDoubtfulBeside(inVain, waiter) ? comebackMs : 0) - waiter.priority() * priorityMs;
    const ranked = [...this.#waiters].map(waiter => ({ waiter, rank: rankOf(waiter), turn: 0 }));
    ranked.sort((a, b) => a.rank - b.rank);
    const turns = new Map<string, number>();
    for (const { torrent } of this.#leases) turns.set(torrent, (turns.get(torrent) ?? 0) + 1);
    for (const entry of ranked) {
      entry.turn = turns.get(entry.waiter.torrent) ?? 0;
      turns.set(entry.waiter.torrent, entry.turn + 1);
    }
    return ranked.sort((a, b) => a.turn - b.turn || a.rank - b.rank).map(({ waiter }) => waiter);
  }

  #victimFor(waiter: Waiter, isDoubtful: boolean, inVain: readonly HeldLease[]): HeldLease | undefined {
    const now = this.#clock.now();
    const { idleMs, turnMs, priorityMs } = this.#options;
    const hadTurn = (lease: HeldLease) => now - lease.grantedAt >= turnMs;
    if (isDoubtful && inVain.length >= this.#options.maxStalled) return inVain.find(hadTurn);
    const idle = [...this.#leases].filter(lease => !lease.isWanted && now - lease.since >= idleMs);
    if (idle.length > 0) return oldest(idle, lease => lease.since);
    const keepsTurn = (lease: HeldLease) => isDoubtful || this.#isPoorer(lease, waiter);
    const givesWay = inVain.find(lease => !keepsTurn(lease) || hadTurn(lease));
    if (givesWay !== undefined) return givesWay;
    const unproven = [...this.#leases].filter(lease => !lease.hasDelivered && !lease.isHeld);
    if (waiter.isHeld && unproven.length > 0) return oldest(unproven, lease => lease.since);
    // Where one has yet to show that it delivers, the others need not give way: in a moment it will, or wait in vain.
    const allDeliver = [...this.#leases].every(lease => lease.hasDelivered);
    const waitedMs = now - waiter.since + waiter.priority() * priorityMs;
    if (!allDeliver || waitedMs < turnMs) return undefined;
    return oldest([...this.#leases].filter(hadTurn), lease => lease.grantedAt + lease.priority() * priorityMs);
  }

  /** Whether the lease is one of fewer than the waiter's torrent has: what is held is soon read, and is no matter. */
  #isPoorer(lease: HeldLease, waiter: Waiter): boolean {
    const countOf = (torrent: string) => [...this.#leases].filter(other => other.torrent === torrent).length;
    return !waiter.isHeld && countOf(lease.torrent) < countOf(waiter.torrent);
  }

  /** The leases that wait in vain, the longest first. */
  #inVain(): HeldLease[] {
    const limit = this.#clock.now() - this.#options.stallMs;
    const inVain = [...this.#leases].filter(lease => lease.isWanted && (lease.isDoubtful || lease.since <= limit));
    return inVain.sort((a, b) => a.since - b.since);
  }

  /** Some decisions are brought about by time alone. */
  #keepTicking(): void {
    const isNeeded = this.#waiters.size > 0 || this.#leases.size > this.#options.maxStalled;
    if (!isNeeded) {
      this.#cancelTick?.();
      this.#cancelTick = undefined;
    } else {
      this.#cancelTick ??= this.#clock.after(TICK_MS, () => {
        this.#cancelTick = undefined;
        this.#settle();
      });
    }
  }
}

export interface StreamBudgetOptions {
  /** Leases out at once. */
  readonly maxStreams: number;
  /** Of these, leases that wait in vain. */
  readonly maxStalled: number;
  /** Without a byte for so long, a lease waits in vain. */
  readonly stallMs: number;
  /** A lease that nobody has read from for this long gives way to a waiter. */
  readonly idleMs: number;
  /** What a lease may have before one that waited as long takes its place. */
  readonly turnMs: number;
  /** By how much those that had a turn in vain stand behind newcomers. */
  readonly comebackMs: number;
  /** What a step of priority is worth. */
  readonly priorityMs: number;
}

/**
 * 2 s without a byte is no seeking or slow disk any more. A turn is longer than 5 s, because rqbit's idle peers look for
 * new wishes only every 5 s. 250 ms between two reads of a stream is no reader that copies. A step of
 * priority is two turns: who has a low one still gets there within a reader's patience.
 */
export const streamBudgetDefaults: StreamBudgetOptions = {
  maxStreams: 6,
  maxStalled: 4,
  stallMs: 2000,
  idleMs: 250,
  turnMs: 6000,
  comebackMs: 6000,
  priorityMs: 12_000,
};

/** Turns are seconds long, so a quarter of one is soon enough. */
const TICK_MS = 250;

interface Waiter extends LeaseRequest {
  readonly since: number;
  readonly grant: (lease: Lease) => void;
  drop: () => void;
}

/** Whether the waiter will hardly deliver, seeing which leases do not. */
function isDoubtfulBeside(inVain: readonly HeldLease[], { hadTurnInVain, torrent, isHeld }: LeaseRequest): boolean {
  return !isHeld && (hadTurnInVain || inVain.some(lease => lease.torrent === torrent));
}

function oldest<T>(candidates: Iterable<T>, ageOf: (candidate: T) => number): T | undefined {
  let found: T | undefined;
  for (const candidate of candidates) if (found === undefined || ageOf(candidate) < ageOf(found)) found = candidate;
  return found;
}
