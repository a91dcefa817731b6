import type { Dispatcher } from 'undici';
import { EngineError } from '../errors.ts';
import type { RqbitClient, StreamRange } from './client.ts';
import { RqbitStatusError, transportError } from './http-errors.ts';
import { parseErrorReason } from './schemas.ts';

/**
 * The body of one `GET /torrents/{hash}/stream/{index}` for one range, as a queue to pull from. Nothing is believed before
 * the status is 206 and Content-Range and Content-Length are exactly what was asked for; what comes after is counted.
 *
 * Unread bytes are bounded: beyond a high mark, or beyond what is wanted so far, the connection is paused, and TCP holds the
 * server back.
 */
export class RangeBody {
  readonly range: StreamRange;
  readonly #client: RqbitClient;
  readonly #fileLength: number;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #position: number;
  #receivedUpTo: number;
  #wantedUpTo: number;
  #call = '';
  #controller: Dispatcher.DispatchController | undefined;
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
    this.#position = range.start;
    this.#receivedUpTo = range.start;
    this.#wantedUpTo = range.endExclusive;
    this.#call = client.dispatchStream(range, this.#handler(), reads);
  }

  /** File offset of the byte that the next `take` begins with. */
  get position(): number {
    return this.#position;
  }

  /** Whether all of it was taken, or no more will come. */
  get isSpent(): boolean {
    return this.#isClosed || this.#failure !== undefined || this.#position >= this.range.endExclusive;
  }

  /** Whether there are bytes to take, or none will come. */
  get isReady(): boolean {
    return this.#queue.length > 0 || this.isSpent;
  }

  /** Resolves when {@link take} has something to say, or on `close`. */
  ready(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    this.#ready ??= deferred();
    return this.#ready.promise;
  }

  /** The next bytes, at most `maxBytes`; undefined when none are here now. @throws EngineError once all before it were taken */
  take(maxBytes: number): Uint8Array | undefined {
    const chunk = this.#queue[0];
    if (chunk === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      return undefined;
    }
    const taken = chunk.byteLength <= maxBytes ? chunk : chunk.subarray(0, maxBytes);
    if (taken === chunk) this.#queue.shift();
    else this.#queue[0] = chunk.subarray(maxBytes);
    this.#position += taken.byteLength;
    this.#queuedBytes -= taken.byteLength;
    this.#resume();
    return taken;
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
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    if (this.#receivedUpTo < this.range.endExclusive) this.#controller?.abort(new Error('closed by the reader'));
    else if (this.#controller?.paused) this.#controller.resume();
    this.#notify();
  }

  #handler(): Dispatcher.DispatchHandler {
    return {
      onRequestStart: controller => {
        this.#controller = controller;
        if (this.#isClosed) controller.abort(new Error('closed by the reader'));
      },
      onResponseStart: (controller, status, headers) => this.#onHead(controller, status, headers),
      onResponseData: (controller, chunk) => this.#onData(controller, chunk),
      onResponseEnd: () => this.#onEnd(),
      onResponseError: (_controller, error) => this.#fail(transportError(error, this.#call)),
    };
  }

  #onHead(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    if (status >= 300) {
      this.#errorAnswer = { status, body: [], length: 0 };
      return;
    }
    const error = this.#headError(status, headers);
    if (error === undefined) return;
    this.#fail(error);
    controller.abort(error);
  }

  #headError(status: number, headers: Headers): EngineError | undefined {
    const { start, endExclusive } = this.range;
    if (status !== 206) {
      return new EngineError('bad-range', `${this.#call}: HTTP ${status} where a part of the file was asked for`);
    }
    const expectedRange = `bytes ${start}-${endExclusive - 1}/${this.#fileLength}`;
    if (headers['content-range'] !== expectedRange) {
      const told = String(headers['content-range']).slice(0, 100);
      return new EngineError('bad-range', `${this.#call}: Content-Range is "${told}", not "${expectedRange}"`);
    }
    const expectedLength = String(endExclusive - start);
    if (headers['content-length'] !== expectedLength) {
      const told = String(headers['content-length']).slice(0, 100);
      return new EngineError('protocol', `${this.#call}: Content-Length is ${told}, not ${expectedLength}`);
    }
    if (headers['content-encoding'] !== undefined) {
      return new EngineError('protocol', `${this.#call}: the bytes are encoded, though we asked for them as they are`);
    }
    return undefined;
  }

  #onData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#errorAnswer === undefined) this.#client.noteReceived(chunk.byteLength);
    if (this.#isClosed || this.#failure !== undefined) return;
    if (this.#errorAnswer !== undefined) {
      this.#errorAnswer.body.push(chunk);
      this.#errorAnswer.length += chunk.byteLength;
      if (this.#errorAnswer.length > MAX_ERROR_BYTES) {
        this.#onEnd();
        controller.abort(new Error('an endless error answer'));
      }
      return;
    }
    if (this.#receivedUpTo + chunk.byteLength > this.range.endExclusive) {
      const error = new EngineError('protocol', `${this.#call}: more bytes than announced`);
      this.#fail(error);
      controller.abort(error);
      return;
    }
    this.#receivedUpTo += chunk.byteLength;
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.byteLength;
    if (this.#queuedBytes > HIGH_MARK_BYTES || !this.#wantsMore) controller.pause();
    this.#notify();
  }

  /** Also the end of the answer, which makes the connection free for the next request. */
  get #wantsMore(): boolean {
    return this.#receivedUpTo < this.#wantedUpTo || this.#receivedUpTo >= this.range.endExclusive;
  }

  #resume(): void {
    if (this.#queuedBytes < LOW_MARK_BYTES && this.#wantsMore && this.#controller?.paused) this.#controller.resume();
  }

  #onEnd(): void {
    if (this.#errorAnswer !== undefined) {
      const { status, body } = this.#errorAnswer;
      this.#fail(new RqbitStatusError(status, this.#call, parseErrorReason(Buffer.concat(body))));
    } else if (this.#receivedUpTo < this.range.endExclusive) {
      this.#fail(new EngineError('disconnected', `${this.#call}: the answer ended early`));
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
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

/** Two reads of 256 KiB ahead of the reader keep a copy at full speed; more would only be thrown away by the next seek. */
const HIGH_MARK_BYTES = 512 * 1024;
const LOW_MARK_BYTES = 256 * 1024;
/** Room for rqbit's longest reasons, which are chains of causes. */
const MAX_ERROR_BYTES = 16 * 1024;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

interface ErrorAnswer {
  readonly status: number;
  readonly body: Uint8Array[];
  length: number;
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>(settle => {
    resolve = settle;
  });
  return { promise, resolve };
}
