import { type Transferable, Worker } from 'node:worker_threads';
import type { Logger } from '../util/logger.ts';
import { DebugSwitch } from './debug-switch.ts';
import { FuseError } from './errors.ts';
import type { SessionLimits } from './filesystem.ts';
import type { FromFuseThread, FuseThreadData, ToFuseThread } from './fuse-thread-messages.ts';
import type { SessionEnd } from './session.ts';
import type { SlowLane } from './slow-lane.ts';

/** Where the fast lane comes from. */
export interface FastLaneModule {
  /** Its default export is a {@link FastLaneFactory}. */
  readonly module: URL;
  /** Cloned to the fuse thread; SharedArrayBuffers are shared. */
  readonly data?: unknown;
  /** What of `data` is moved rather than cloned, such as MessagePorts. */
  readonly transfer?: readonly Transferable[];
}

export interface FuseThreadOptions {
  readonly fastLane: FastLaneModule | undefined;
  /** Takes the frames that the fast lane declines. */
  readonly slowLane: SlowLane | undefined;
  readonly logger: Logger;
  readonly trace: boolean;
  readonly counters: SharedArrayBuffer | undefined;
}

/** How serving ended; `failed`: the thread died. */
export type FuseThreadEnd = SessionEnd | { readonly reason: 'failed'; readonly message: string };

/** The fuse thread, as the mounting thread sees it. */
export class FuseThread {
  /** Resolves when the thread is gone. Never rejects. */
  readonly ended: Promise<FuseThreadEnd>;
  readonly #worker: Worker;
  readonly #debug: DebugSwitch;
  readonly #logger: Logger;
  #osThread = 0;

  private constructor(worker: Worker, debug: DebugSwitch, options: FuseThreadOptions) {
    this.#worker = worker;
    this.#debug = debug;
    this.#logger = options.logger;
    this.ended = endOf(worker);
    worker.on('message', (message: FromFuseThread) => {
      if (message.kind === 'forward') options.slowLane?.handle(message.frame);
      else if (message.kind === 'ready') options.slowLane?.open(message.fd, message.limits);
      else if (message.kind === 'log') options.logger[message.level](message.fields, message.message);
    });
  }

  /**
   * Starts the thread and loads the fast lane.
   *
   * @throws FuseError `filesystem-failed`
   */
  static async start(options: FuseThreadOptions): Promise<FuseThread> {
    const debug = new DebugSwitch();
    debug.set(options.logger.debugEnabled);
    const data: FuseThreadData = {
      fastLaneModule: options.fastLane?.module.href,
      fastLaneData: options.fastLane?.data,
      hasSlowLane: options.slowLane !== undefined,
      debug: debug.memory,
      trace: options.trace,
      counters: options.counters,
    };
    const worker = new Worker(new URL('./fuse-thread.js', import.meta.url), {
      name: 'fuse',
      workerData: data,
      transferList: [...(options.fastLane?.transfer ?? [])],
    });
    const thread = new FuseThread(worker, debug, options);
    thread.#osThread = (await thread.#next('loaded')).osThread;
    return thread;
  }

  /** The level of the log has changed. */
  followLogLevel(): void {
    this.#debug.set(this.#logger.debugEnabled);
  }

  /** The number that Linux has for it. */
  get osThread(): number {
    return this.#osThread;
  }

  /**
   * Serves the mount that belongs to the descriptor; from here on the thread blocks.
   *
   * @throws FuseError `unsupported-kernel`, or `filesystem-failed` when the thread dies before the kernel has seen INIT
   */
  async serve(fd: number): Promise<SessionLimits> {
    this.#worker.postMessage({ kind: 'serve', fd } satisfies ToFuseThread);
    const ready = await this.#next('ready');
    return ready.limits;
  }

  /** Ends a thread that serves nothing yet. */
  async discard(): Promise<void> {
    await this.#worker.terminate();
  }

  #next<Kind extends FromFuseThread['kind']>(kind: Kind): Promise<FromFuseThread & { kind: Kind }> {
    return new Promise((resolve, reject) => {
      const take = (message: FromFuseThread) => {
        if (!isOfKind(message, kind)) return;
        this.#worker.off('message', take);
        resolve(message);
      };
      this.#worker.on('message', take);
      this.ended.then(end => reject(endedTooSoon(end)));
    });
  }
}

function isOfKind<Kind extends FromFuseThread['kind']>(
  message: FromFuseThread,
  kind: Kind,
): message is FromFuseThread & { kind: Kind } {
  return message.kind === kind;
}

function endOf(worker: Worker): Promise<FuseThreadEnd> {
  return new Promise(resolve => {
    let end: FuseThreadEnd = { reason: 'failed', message: 'the fuse thread stopped' };
    worker.on('message', (message: FromFuseThread) => {
      if (message.kind === 'ended') end = message.end;
    });
    worker.once('error', error => {
      end = { reason: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    });
    worker.once('exit', () => resolve(end));
  });
}

function endedTooSoon(end: FuseThreadEnd): FuseError {
  switch (end.reason) {
    case 'refused':
      return new FuseError('unsupported-kernel', end.message);
    case 'failed':
      return new FuseError('filesystem-failed', `the filesystem could not be started: ${end.message}`);
    default:
      return new FuseError('mount-failed', 'unmounted before it was ready');
  }
}
