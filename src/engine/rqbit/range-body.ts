import { EngineError } from '../errors.ts';
import type { RqbitClient, StreamRange } from './client.ts';
import { ErrorAnswer } from './error-answer.ts';
import { RqbitStatusError, transportError } from './http-errors.ts';
import type { HttpHead } from './http-head.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { parseErrorReason } from './schemas.ts';
import type { AnswerSink, StreamSocket } from './stream-socket.ts';

/**
 * The body of one `GET /torrents/{hash}/stream/{index}` for one range, as a queue to pull from. Nothing is believed before
 * the status is 206 and Content-Range and Content-Length are exactly what was asked for; what comes after is counted.
 *
 * Unread bytes are bounded: when the queue is full, or has what is wanted so far, the connection is paused, and TCP holds the
 * server back.
 */
export class RangeBody implements AnswerSink {
  readonly range: StreamRange;
  readonly #client: RqbitClient;
  readonly #fileLength: number;
  readonly #call: string;
  readonly #socket: StreamSocket;
  readonly #queue: ReceiveQueue;
  #wantedUpTo: number;
  #errorAnswer: ErrorAnswer | undefined;
  /** Set once: nothing comes after it. */
  #failure: unknown;
  #isClosed = false;
  #ready: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  /** Sends the request. */
  constructor(client: RqbitClient, { range, fileLength, reads }: RangeRequest) {
    this.range = range;
    this.#client = client;
    this.#fileLength = fileLength;
    this.#queue = new ReceiveQueue(range);
    this.#wantedUpTo = range.endExclusive;
    this.#call = client.nameOfStream(range);
    this.#socket = client.openStream(range, this, reads);
  }

  /** File offset of the byte that the next `take` begins with. */
  get position(): number {
    return this.#queue.position;
  }

  /** Whether all of it was taken, or no more will come. */
  get isSpent(): boolean {
    return this.#isClosed || this.#failure !== undefined || this.position >= this.range.endExclusive;
  }

  /** Whether there are bytes to take, or none will come. */
  get isReady(): boolean {
    return this.#queue.hasBytes || this.isSpent;
  }

  /** Resolves when {@link take} has something to say, or on `close`. */
  ready(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    this.#ready ??= deferred();
    return this.#ready.promise;
  }

  /**
   * The next bytes, at most `maxBytes`; undefined when none are here now. They are the caller's until it takes more.
   *
   * @throws EngineError once all before it were taken
   */
  take(maxBytes: number): Uint8Array | undefined {
    if (this.#isClosed) return undefined;
    const bytes = this.#queue.take(maxBytes);
    this.#resume();
    if (bytes === undefined && this.#failure !== undefined) throw this.#failure;
    return bytes;
  }

  /** Bytes from there on are not wanted for now. All of the range is, unless this says otherwise. */
  want(endExclusive: number): void {
    this.#wantedUpTo = endExclusive;
    this.#resume();
  }

  /** Drops what was not taken; a connection that still has bytes to come is closed, which frees rqbit's permit. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#queue.receivedUpTo < this.range.endExclusive) this.#socket.destroy(new Error('closed by the reader'));
    this.#notify();
  }

  onHead(head: HttpHead): number | undefined {
    if (head.status >= 300) {
      this.#errorAnswer = new ErrorAnswer(head);
      this.#checkErrorAnswer(this.#errorAnswer);
      return undefined;
    }
    const error = this.#headError(head);
    if (error !== undefined) this.#fail(error);
    return this.range.endExclusive - this.range.start;
  }

  space(): Uint8Array {
    return this.#errorAnswer?.space ?? this.#queue.space();
  }

  filled(bytes: number): boolean {
    if (this.#errorAnswer !== undefined) {
      this.#errorAnswer.filled(bytes);
      this.#checkErrorAnswer(this.#errorAnswer);
      return true;
    }
    this.#client.noteReceived(bytes);
    this.#queue.filled(bytes);
    this.#notify();
    return this.#wantsMore;
  }

  onEnd(): void {}

  onFailure(error: unknown): void {
    if (this.#isClosed) return;
    if (this.#errorAnswer !== undefined) this.#fail(this.#statusError(this.#errorAnswer));
    else if (error !== undefined) this.#fail(transportError(error, this.#call));
    else this.#fail(new EngineError('disconnected', `${this.#call}: it hung up in the middle of the answer`));
  }

  /** Also the end of the answer, which makes the connection free for the next request. */
  get #wantsMore(): boolean {
    const { hasRoom, receivedUpTo } = this.#queue;
    return receivedUpTo >= this.range.endExclusive || (hasRoom && receivedUpTo < this.#wantedUpTo);
  }

  #resume(): void {
    // When all has come, the connection may be another answer's by now.
    const isOurs = this.#queue.receivedUpTo < this.range.endExclusive;
    if (isOurs && this.#wantsMore) this.#socket.resume();
  }

  #headError({ status, headers }: HttpHead): EngineError | undefined {
    const { start, endExclusive } = this.range;
    if (status !== 206) {
      return new EngineError('bad-range', `${this.#call}: HTTP ${status} where a part of the file was asked for`);
    }
    const expectedRange = `bytes ${start}-${endExclusive - 1}/${this.#fileLength}`;
    const told = (name: string) => String(headers.get(name)).slice(0, 100);
    if (headers.get('content-range') !== expectedRange) {
      const message = `${this.#call}: Content-Range is "${told('content-range')}", not "${expectedRange}"`;
      return new EngineError('bad-range', message);
    }
    const expectedLength = String(endExclusive - start);
    if (headers.get('content-length') !== expectedLength) {
      const message = `${this.#call}: Content-Length is ${told('content-length')}, not ${expectedLength}`;
      return new EngineError('protocol', message);
    }
    if (headers.has('content-encoding') || headers.has('transfer-encoding')) {
      return new EngineError('protocol', `${this.#call}: the bytes are encoded, though we asked for them as they are`);
    }
    return undefined;
  }

  #checkErrorAnswer(answer: ErrorAnswer): void {
    if (answer.isComplete) this.#fail(this.#statusError(answer));
  }

  #statusError({ status, body }: ErrorAnswer): RqbitStatusError {
    return new RqbitStatusError(status, this.#call, parseErrorReason(body));
  }

  /** Whatever the server does now is of no interest. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#socket.destroy(error);
    this.#notify();
  }

  #notify(): void {
    this.#ready?.resolve();
    this.#ready = undefined;
  }
}

export interface RangeRequest {
  readonly range: StreamRange;
  /** Bytes of the whole file. */
  readonly fileLength: number;
  /** See `StreamOptions.reads`. */
  readonly reads: (() => readonly string[]) | undefined;
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>(settle => {
    resolve = settle;
  });
  return { promise, resolve };
}
