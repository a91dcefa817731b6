import { Worker } from 'node:worker_threads';
import { EngineError } from '../errors.ts';
import type {
  FromThread,
  ThreadArgument,
  ThreadMethod,
  ThreadOptions,
  ThreadResult,
  ToThread,
} from './thread-messages.ts';

/** The main thread's end of the engine thread. */
export class ThreadClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 1;
  /** Why the thread takes no more calls. */
  #gone: EngineError | undefined;

  /** @param onNotice what the thread says unasked; `onGone` is called once if it ends by itself */
  constructor(
    options: ThreadOptions,
    listener: { onNotice: (notice: ThreadNotice) => void; onGone: (reason: EngineError) => void },
  ) {
    this.#worker = new Worker(new URL('./engine-thread.js', import.meta.url), {
      workerData: options,
      name: 'engine',
    });
    this.#worker.on('message', (message: FromThread) => {
      if (message.kind === 'result') this.#take(message.id)?.resolve(message.result);
      else if (message.kind === 'failure') {
        this.#take(message.id)?.reject(new EngineError(message.code, message.message));
      } else listener.onNotice(message);
    });
    const onEnd = (what: string) => {
      if (this.#gone !== undefined) return;
      this.#close(new EngineError('unavailable', `the embedded engine's thread ended: ${what}; mount again`));
      if (this.#gone !== undefined) listener.onGone(this.#gone);
    };
    this.#worker.on('error', error => onEnd(error.message));
    this.#worker.on('exit', code => onEnd(`exit code ${code}`));
  }

  /** Rejects with the thread's EngineError, or with the signal's reason. */
  call<M extends ThreadMethod>(method: M, argument: ThreadArgument<M>, signal?: AbortSignal): Promise<ThreadResult<M>> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#gone !== undefined) throw this.#gone;
      const id = this.#nextId++;
      const abandon = () => {
        this.#take(id)?.reject(signal?.reason);
        this.send({ kind: 'abandon', id });
      };
      signal?.addEventListener('abort', abandon, { once: true });
      this.#pending.set(id, {
        // The thread answers a method with that method's result: both ends are typed by ThreadMethods.
        resolve: result => resolve(result as ThreadResult<M>),
        reject,
        end: () => signal?.removeEventListener('abort', abandon),
      });
      this.send({ kind: 'call', id, method, argument } as ToThread);
    });
  }

  send(message: ToThread): void {
    if (this.#gone === undefined) this.#worker.postMessage(message);
  }

  /** Lets the thread finish for a while, then ends it whatever it does. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#close(stopped()), STOP_MS);
    try {
      await this.call('stop', undefined).catch(() => {}); // gone, or not in time: it is ended either way
    } finally {
      clearTimeout(timer);
      this.#close(stopped());
      await this.#worker.terminate();
    }
  }

  #close(reason: EngineError): void {
    this.#gone ??= reason;
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(reason);
  }

  #take(id: number): PendingCall | undefined {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    call?.end();
    return call;
  }
}

export type ThreadNotice = Exclude<FromThread, { kind: 'result' | 'failure' }>;

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
  /** Takes the listener off the signal. */
  readonly end: () => void;
}

/** Trackers are told that we leave, and given a second to hear it; writes end. A umount must return within five. */
const STOP_MS = 3000;

function stopped(): EngineError {
  return new EngineError('stopped', 'the engine was stopped');
}
