import { abortable } from '../util/abortable.ts';
import type { Clock } from '../util/clock.ts';
import { Deferred } from '../util/deferred.ts';
import type { Admission } from './admission.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { ByteRange } from './byte-ranges.ts';
import { Deadline } from './deadline.ts';
import { ReadError } from './errors.ts';
import type { OpenFile } from './open-file.ts';
import type { OpenHandle } from './open-handle.ts';
import { PendingRead } from './pending-read.ts';
import type { ReadOptions } from './reader.ts';
import type { ReplyMemory } from './reply-memory.ts';

export interface MissingReadsParts {
  readonly admission: Admission;
  readonly clock: Clock;
  readonly replies: ReplyMemory;
  /** Memory for answers that are complete only in part. */
  readonly replyBudget: ByteBudget;
}

export interface MissingReadOptions extends ReadOptions {
  /** Some of the bytes arrived. */
  readonly onProgress: () => void;
}

/** A read that must not wait may still have to go to a disk, or to an engine that holds the bytes; for no longer than this. */
const PROMPT_MS = 2_000;

/** Reads of bytes that are not in memory: admitted, fetched for, and ended by the bytes, the policy or the caller. */
export class MissingReads {
  readonly #parts: MissingReadsParts;

  constructor(parts: MissingReadsParts) {
    this.#parts = parts;
  }

  /** @throws ReadError, EngineError, the signal's reason; see {@link Reader.read} */
  async fetch(open: OpenHandle, range: ByteRange, options: MissingReadOptions): Promise<Uint8Array> {
    const isPrompt = options.nonBlocking || open.policy.whenMissing === 'eagain';
    const leave = this.#parts.admission.enter(open.file.id.infoHash);
    try {
      open.file.holdings.learn();
      if (!isPrompt) return await this.#wait(open, range, options);
      const endsAtMs = this.#parts.clock.now() + Math.min(PROMPT_MS, open.policy.timeoutMs);
      await this.#insistHeld(open, range, { endsAtMs, signal: options.signal });
      return await this.#wait(open, range, options, endsAtMs);
    } finally {
      leave();
    }
  }

  /** @throws ReadError `missing` when the engine does not hold the range; which is then fetched all the same */
  async #insistHeld(
    open: OpenHandle,
    { from, to }: ByteRange,
    { endsAtMs, signal }: { readonly endsAtMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const { holdings } = open.file;
    const asked = holdings.prepared.then(() => (holdings.hasAll(from, to) ? undefined : holdings.refresh()));
    await abortable(this.#atMost(endsAtMs, asked), signal);
    if (holdings.hasAll(from, to)) return;
    open.wish(from, to);
    throw missing(from, to);
  }

  /** Until the promise, which never rejects, is settled or the time has come. */
  async #atMost(endsAtMs: number, promise: Promise<void>): Promise<void> {
    const { clock } = this.#parts;
    const late = new Deferred<void>();
    const cancel = clock.after(endsAtMs - clock.now(), () => late.resolve());
    await Promise.race([promise, late.promise]);
    cancel();
  }

  /** @param endsAtMs when a read that must not wait ends without a byte; others have the policy's time */
  async #wait(open: OpenHandle, range: ByteRange, options: MissingReadOptions, endsAtMs?: number): Promise<Uint8Array> {
    const { clock } = this.#parts;
    const { signal, onProgress } = options;
    signal.throwIfAborted();
    if (open.isClosed) throw new ReadError('bad-handle', 'the file was closed');
    const { from, to } = range;
    const timeoutMs = endsAtMs === undefined ? open.policy.timeoutMs : Math.max(0, endsAtMs - clock.now());
    const giveUp = () => read.fail(endsAtMs === undefined ? timeout(open.file, range, timeoutMs) : missing(from, to));
    const deadline = new Deadline(clock, timeoutMs, giveUp, signsOfLife(open.file, range));
    const read = this.#begin(open, range, {
      id: options.id,
      onProgress: () => {
        deadline.hear();
        onProgress();
      },
    });
    const onAbort = (): void => read.fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    open.pending.set(read, { sinceMs: clock.now(), deadline });
    try {
      return await read.result;
    } catch (error) {
      // Whoever gave up, or cannot go on, may be gone: it reads ahead again when it comes back.
      open.readAhead.drop();
      throw error;
    } finally {
      open.pending.delete(read);
      signal.removeEventListener('abort', onAbort);
      deadline.stop();
    }
  }

  #begin(
    { file }: OpenHandle,
    { from, to }: ByteRange,
    { id, onProgress }: Pick<MissingReadOptions, 'id' | 'onProgress'>,
  ): PendingRead {
    return new PendingRead(from, to, {
      id,
      layout: file.layout,
      memory: file.memory,
      replies: this.#parts.replies,
      budget: this.#parts.replyBudget,
      fetch: () => file.plan(),
      onProgress,
    });
  }
}

/** Tells whether bytes that cannot be handed out yet have come in for the range since it was last asked. */
function signsOfLife(file: OpenFile, { from, to }: ByteRange): () => boolean {
  let unchecked = file.uncheckedBytes(from, to);
  return () => {
    const before = unchecked;
    unchecked = file.uncheckedBytes(from, to);
    return unchecked > 0 && unchecked !== before; // a smaller count began again, and has grown since
  };
}

function missing(from: number, to: number): ReadError {
  return new ReadError('missing', `bytes ${from} to ${to} are not here yet`);
}

function timeout(file: OpenFile, { from, to }: ByteRange, timeoutMs: number): ReadError {
  const cause = file.lastError(from, to);
  const because = cause instanceof Error ? `: ${cause.message}` : '';
  return new ReadError('timeout', `no byte of ${from} to ${to} came for ${timeoutMs / 1000} s${because}`, { cause });
}
