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
  onListed(listing: Listing): void;
  /** @param polls how many in a row nobody answered */
  onSilence(polls: number, error: unknown): void;
}

/** What one answered poll says. */
export interface Listing {
  readonly summaries: readonly TorrentSummary[];
  /** Polls are numbered from 1 in the order in which they were asked. */
  readonly sequence: number;
  /** The first one, or the polls before it were not answered: the engine may be another than before. */
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
    this.#sequence += 1;
    try {
      const list = (signal: AbortSignal) => this.#options.engine.list({ signal });
      const summaries = await boundedCall(list, { signal: this.#stopping.signal, timeoutMs: this.#timeoutMs() });
      const afterSilence = !this.engineAnswers;
      this.#answered = true;
      this.#silentPolls = 0;
      this.#failure = undefined;
      this.#options.onListed({ summaries, sequence: this.#sequence, afterSilence });
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
