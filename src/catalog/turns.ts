import { EngineError } from '../engine/index.ts';

export interface Turn {
  /** Fires when whoever took the turn went away, or has to make room for another. */
  readonly signal: AbortSignal;
}

/**
 * A limited number of turns at something, given in the order in which they are asked for. A turn may last for ever while
 * nobody waits; after `fairMs` it ends as soon as somebody does.
 */
export class Turns {
  readonly #fairMs: number | undefined;
  readonly #waiting = new Set<() => void>();
  /** Oldest first. */
  readonly #taken = new Set<TakenTurn>();
  #free: number;

  constructor(count: number, fairMs?: number) {
    this.#free = count;
    this.#fairMs = fairMs;
  }

  /** Undefined when the signal fires first. Every turn that is taken has to be ended. */
  async take(signal: AbortSignal): Promise<Turn | undefined> {
    if (this.#free > 0) this.#free -= 1;
    else if (!(await this.#wait(signal))) return undefined;
    const turn = new TakenTurn(signal);
    this.#taken.add(turn);
    if (this.#fairMs !== undefined) turn.startFairTime(this.#fairMs, () => this.#makeRoom());
    return turn;
  }

  end(turn: Turn): void {
    for (const taken of this.#taken) {
      if (taken !== turn) continue;
      this.#taken.delete(taken);
      taken.end();
      this.#passOn();
    }
  }

  /** @returns whether it is the caller's turn now */
  async #wait(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    return new Promise(resolve => {
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(true);
      };
      const onAbort = (): void => {
        this.#waiting.delete(onTurn);
        resolve(false);
      };
      this.#waiting.add(onTurn);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#makeRoom();
    });
  }

  #passOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  /** As many turns as there are waiters, of those that have had their time. */
  #makeRoom(): void {
    const leaving = [...this.#taken].filter(turn => turn.signal.aborted).length;
    const outOfTime = [...this.#taken].filter(turn => turn.outOfTime && !turn.signal.aborted);
    for (const turn of outOfTime.slice(0, Math.max(this.#waiting.size - leaving, 0))) turn.makeRoom();
  }
}

class TakenTurn implements Turn {
  outOfTime = false;
  readonly #controller = new AbortController();
  readonly #taker: AbortSignal;
  readonly #onTakerGone = (): void => this.#controller.abort(this.#taker.reason);
  #timer: NodeJS.Timeout | undefined;

  constructor(taker: AbortSignal) {
    this.#taker = taker;
    if (taker.aborted) this.#onTakerGone();
    else taker.addEventListener('abort', this.#onTakerGone, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  startFairTime(ms: number, onOver: () => void): void {
    this.#timer = setTimeout(() => {
      this.outOfTime = true;
      onOver();
    }, ms);
  }

  makeRoom(): void {
    this.#controller.abort(new EngineError('not-ready', 'makes room for others that wait'));
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#taker.removeEventListener('abort', this.#onTakerGone);
  }
}
