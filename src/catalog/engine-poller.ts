import type { Engine, TorrentSummary } from '../engine/index.ts';
import { sleep } from '../util/abortable.ts';
import { boundedCall } from './bounded-call.ts';
import type { EngineSilence } from './catalog.ts';

export interface PollTiming {
  /** From the end of a poll to the begin of the next. */
  readonly pollIntervalMs: number;
}

export interface EnginePollerOptions {
  readonly engine: Engine;
  readonly timing: PollTiming;
  /** Whether the list lacks what a server that was started anew may have lost. */
  lacksOwn(listed: Omit<Listing, 'afterSilence'>): boolean;
  onListed(listing: Listing): void;
  /** @param polls how many in a row nobody answered */
  onSilence(polls: number, error: unknown): void;
}

/** What one answered poll says. */
export interface Listing {
  readonly summaries: readonly TorrentSummary[];
  /** Polls are numbered from 1 in the order in which they were asked. */
  readonly sequence: number;
  /** The first one, or nobody answered before it, if only between two polls: the engine may be another than before. */
  readonly afterSilence: boolean;
}

/**
 * Asks the engine for its list: one call at a time, after every interval, and early when the engine says that something
 * changed. However many torrents there are, a poll is one call.
 */
export class EnginePoller {
  readonly #options: EnginePollerOptions;
  readonly #stopping = new AbortController();
  readonly #unsubscribe: () => void;
  readonly #running: Promise<void>;
  #sequence = 0;
  #silentPolls = 0;
  #answered = false;
  /** When the last poll that was answered was asked, in milliseconds since 1970: other clocks stand while a machine sleeps. */
  #answeredAtMs = 0;
  #failure: EngineSilence | undefined;
  /** Ends the interval before the next one. */
  #interval = new AbortController();

  constructor(options: EnginePollerOptions) {
    this.#options = options;
    this.#unsubscribe = options.engine.onChange(() => this.soon());
    this.#running = this.#run();
  }

  /** The number of the poll that was asked last. An answer to it, or to one before, may not know of what happens now. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Whether the last poll was answered. */
  get engineAnswers(): boolean {
    return this.#answered && this.#silentPolls === 0;
  }

  /** Why the engine does not answer; undefined while it does, and before it was asked. */
  get failure(): EngineSilence | undefined {
    return this.#failure;
  }

  /** Polls again as soon as may be. */
  soon(): void {
    this.#interval.abort();
  }

  /** Resolves when no call is under way any more. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stopping.abort();
    this.#interval.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    // Whoever made the poller may not have finished making itself.
    await Promise.resolve();
    while (!this.#stopping.signal.aborted) {
      this.#interval = new AbortController();
      const spacingMs = Math.max(SPACING_MS, SPACING_FACTOR * (await this.#pollOnce()));
      await pause(spacingMs, this.#stopping.signal);
      await pause(this.#options.timing.pollIntervalMs - spacingMs, this.#interval.signal);
    }
  }

  /** @returns how long the engine worked on the answer, in milliseconds; 0 when there was none */
  async #pollOnce(): Promise<number> {
    const startedAtMs = performance.now();
    const askedAtMs = Date.now();
    this.#sequence += 1;
    try {
      const summaries = await this.#call(signal => this.#options.engine.list({ signal }));
      const listed = { summaries, sequence: this.#sequence };
      const afterSilence = !this.engineAnswers || (this.#options.lacksOwn(listed) && (await this.#wasStartedAnew()));
      this.#answered = true;
      this.#answeredAtMs = askedAtMs;
      this.#silentPolls = 0;
      this.#failure = undefined;
      this.#options.onListed({ ...listed, afterSilence });
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        this.#silentPolls += 1;
        this.#failure = { error, sinceMs: this.#failure?.sinceMs ?? Date.now() };
        this.#options.onSilence(this.#silentPolls, error);
      }
      return 0;
    }
    return performance.now() - startedAtMs;
  }

  /** Since the last poll that was answered. One that gives no answer to this has not answered the poll either. */
  async #wasStartedAnew(): Promise<boolean> {
    const uptimeMs = await this.#call(async signal => this.#options.engine.uptimeMs?.({ signal }));
    return uptimeMs !== undefined && uptimeMs <= Date.now() - this.#answeredAtMs;
  }

  #call<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return boundedCall(call, { signal: this.#stopping.signal, timeoutMs: this.#timeoutMs() });
  }

  /** A list of 10,000 torrents takes a busy engine some seconds. */
  #timeoutMs(): number {
    return Math.max(this.#options.timing.pollIntervalMs, 10_000);
  }
}

/** Changes come in bursts, such as one for each of a hundred torrents that are added at once. */
const SPACING_MS = 50;
/** However often it changes, an engine whose list takes long has most of its time for other things. */
const SPACING_FACTOR = 3;

/** Ends early when the signal fires. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, signal).catch(() => {});
}
