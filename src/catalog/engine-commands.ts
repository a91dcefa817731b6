import { asEngineError, type EngineError, type InfoHash } from '../engine/index.ts';
import { sleep } from '../util/abortable.ts';
import { Backoff } from '../util/backoff.ts';
import { boundedCall } from './bounded-call.ts';

export interface EngineCommand {
  /** Commands of one kind for one torrent: only the last of those that wait is carried out. */
  readonly kind: 'removal' | 'run-state' | 'pin';
  readonly run: (signal: AbortSignal) => Promise<void>;
  onDone(): void;
  /** It failed for good. */
  onFailed(error: EngineError): void;
}

/**
 * What the engine has yet to be told, carried out in the background: the commands for one torrent one after another, each
 * again and again while the engine is out of reach.
 */
export class EngineCommands {
  readonly #queues = new Map<InfoHash, CommandQueue>();
  readonly #stopping = new AbortController();

  enqueue(infoHash: InfoHash, command: EngineCommand): void {
    let queue = this.#queues.get(infoHash);
    if (queue === undefined) {
      queue = new CommandQueue(this.#stopping.signal, () => this.#queues.delete(infoHash));
      this.#queues.set(infoHash, queue);
    }
    queue.push(command);
  }

  /**
   * Drops what waits for the torrent, and gives up what runs, but not a removal: the engine may be in the middle of it, and must
   * not be given the torrent before it is through. Resolves when nothing runs any more.
   */
  async cancel(infoHash: InfoHash): Promise<void> {
    await this.#queues.get(infoHash)?.cancel();
  }

  /** The engine answers again: no need to wait any longer. */
  wake(): void {
    for (const queue of this.#queues.values()) queue.wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#queues.values()].map(queue => queue.cancel()));
  }
}

class CommandQueue {
  readonly #stopping: AbortSignal;
  readonly #onEmpty: () => void;
  readonly #waiting: EngineCommand[] = [];
  readonly #cancelling = new AbortController();
  #running: Promise<void> | undefined;
  #delay = new AbortController();

  constructor(stopping: AbortSignal, onEmpty: () => void) {
    this.#stopping = stopping;
    this.#onEmpty = onEmpty;
  }

  push(command: EngineCommand): void {
    const outdated = this.#waiting.findIndex(({ kind }) => kind === command.kind);
    if (outdated >= 0) this.#waiting.splice(outdated, 1);
    this.#waiting.push(command);
    this.#running ??= this.#run();
  }

  wake(): void {
    this.#delay.abort();
  }

  async cancel(): Promise<void> {
    this.#waiting.length = 0;
    this.#cancelling.abort();
    this.#delay.abort();
    this.#onEmpty();
    await this.#running;
  }

  async #run(): Promise<void> {
    // The caller goes first: it may have a reply to send.
    await Promise.resolve();
    for (let command = this.#waiting.shift(); command !== undefined; command = this.#waiting.shift()) {
      await this.#carryOut(command);
    }
    if (!this.#cancelling.signal.aborted) this.#onEmpty();
  }

  async #carryOut(command: EngineCommand): Promise<void> {
    const backoff = new Backoff({ initialMs: 500, maxMs: 30_000 });
    const signal = command.kind === 'removal' ? this.#stopping : this.#cancelling.signal;
    while (!this.#cancelling.signal.aborted) {
      try {
        await boundedCall(command.run, { signal, timeoutMs: COMMAND_TIMEOUT_MS });
        if (!this.#cancelling.signal.aborted) command.onDone();
        return;
      } catch (cause) {
        if (this.#cancelling.signal.aborted) return;
        const error = asEngineError(cause);
        if (!error.isTransient && error.code !== 'stopped') return command.onFailed(error);
        this.#delay = new AbortController();
        await sleep(backoff.nextMs(), this.#delay.signal).catch(() => {});
      }
    }
  }
}

/** Deleting the files of a large torrent from a slow disk takes some time. */
const COMMAND_TIMEOUT_MS = 60_000;
