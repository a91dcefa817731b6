import {
  asEngineError,
  type Engine,
  type EngineError,
  type EngineErrorCode,
  type InfoHash,
  type TorrentSource,
} from '../engine/index.ts';
import { abortable, sleep } from '../util/abortable.ts';
import { Backoff } from '../util/backoff.ts';
import { Turns } from './turns.ts';

/** A torrent that the engine is to be given. */
export interface PendingAdd {
  readonly id: string;
  readonly source: TorrentSource;
  readonly peers: readonly string[];
  /** What has to be over before the engine may be asked. */
  readonly after?: Promise<void>;
}

export interface PendingAddsOptions {
  readonly engine: Pick<Engine, 'add'>;
  /** Whether the engine answers other calls: then a failure is the source's own. */
  engineAnswers(): boolean;
  /** The engine has it. */
  onAdded(add: PendingAdd, infoHash: InfoHash): void;
  /** The engine will never take it. */
  onFailed(add: PendingAdd, error: EngineError): void;
  /** The attempt failed; there will be another. */
  onTrouble(add: PendingAdd, error: EngineError): void;
}

/**
 * Works on pending adds in the background. Magnets, which may take for ever, and all other sources take their turns
 * apart, so that a dropped .torrent never waits for a magnet; and a magnet that has had its turn for a while makes room for
 * those that wait, and comes back after them.
 */
export class PendingAdds {
  readonly #options: PendingAddsOptions;
  readonly #attempts = new Map<string, Attempts>();
  readonly #magnets = new Turns(MAGNET_TURNS, MAGNET_TURN_MS);
  readonly #others = new Turns(OTHER_TURNS);

  constructor(options: PendingAddsOptions) {
    this.#options = options;
  }

  start(add: PendingAdd): void {
    const turns = add.source.kind === 'magnet' ? this.#magnets : this.#others;
    const attempts = new Attempts(add, turns, this.#options, () => this.#attempts.delete(add.id));
    this.#attempts.set(add.id, attempts);
  }

  has(id: string): boolean {
    return this.#attempts.has(id);
  }

  /** Resolves when the engine is not asked any more. None of the callbacks is called for it from now on. */
  async cancel(id: string): Promise<void> {
    await this.#attempts.get(id)?.cancel();
  }

  /** The engine answers again: no need to wait any longer. */
  wake(): void {
    for (const attempts of this.#attempts.values()) attempts.wake();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#attempts.values()].map(attempts => attempts.cancel()));
  }
}

/** Each costs a resolving magnet in the engine: some peers, or a long poll of an HTTP server. */
const MAGNET_TURNS = 16;
/** Long enough to find peers in the DHT and be refused by some. */
const MAGNET_TURN_MS = 90_000;
const OTHER_TURNS = 4;
/** A web server that is away for longer than some minutes is told of, and the user may try again. */
const URL_ATTEMPTS = 6;

/** It is the source that is wrong. Anything else may be another tomorrow, and a torrent must not be lost over it. */
const hopeless: ReadonlySet<EngineErrorCode> = new Set(['bad-source', 'too-large', 'forbidden-address', 'not-found']);

/** One add, tried until the engine has it, it has failed for good, or it is cancelled. */
class Attempts {
  readonly #add: PendingAdd;
  readonly #turns: Turns;
  readonly #options: PendingAddsOptions;
  readonly #cancelling = new AbortController();
  readonly #running: Promise<void>;
  readonly #onOver: () => void;
  #delay = new AbortController();

  constructor(add: PendingAdd, turns: Turns, options: PendingAddsOptions, onOver: () => void) {
    this.#add = add;
    this.#turns = turns;
    this.#options = options;
    this.#onOver = onOver;
    this.#running = this.#run();
  }

  wake(): void {
    this.#delay.abort();
  }

  async cancel(): Promise<void> {
    this.#onOver();
    this.#cancelling.abort();
    this.#delay.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    // The caller goes first: it may have a reply to send.
    await (this.#add.after ?? Promise.resolve());
    const backoff = new Backoff({ initialMs: 1000, maxMs: 30_000 });
    while (!this.#cancelling.signal.aborted) {
      const outcome = await this.#attempt();
      if (this.#cancelling.signal.aborted) return;
      if (typeof outcome === 'string') return this.#over(() => this.#options.onAdded(this.#add, outcome));
      if (outcome === undefined) continue;
      if (this.#isFinal(outcome, backoff.attempts)) return this.#over(() => this.#options.onFailed(this.#add, outcome));
      this.#options.onTrouble(this.#add, outcome);
      this.#delay = new AbortController();
      await sleep(backoff.nextMs(), this.#delay.signal).catch(() => {});
    }
  }

  /** Undefined when it had to make room for another. */
  async #attempt(): Promise<InfoHash | EngineError | undefined> {
    const turn = await this.#turns.take(this.#cancelling.signal);
    if (turn === undefined) return undefined;
    try {
      const { source, peers } = this.#add;
      return await abortable(this.#options.engine.add(source, { peers, signal: turn.signal }), turn.signal);
    } catch (error) {
      return turn.signal.aborted ? undefined : asEngineError(error);
    } finally {
      this.#turns.end(turn);
    }
  }

  #isFinal(error: EngineError, attempts: number): boolean {
    if (hopeless.has(error.code)) return true;
    return this.#add.source.kind === 'url' && attempts >= URL_ATTEMPTS - 1 && this.#options.engineAnswers();
  }

  #over(report: () => void): void {
    this.#onOver();
    report();
  }
}
