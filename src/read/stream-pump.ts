import { type ByteStream, EngineError } from '../engine/index.ts';
import type { Clock } from '../util/clock.ts';
import { fileClosed } from './errors.ts';
import type { PlannedStream } from './stream-plan.ts';

/** Where a pump takes its bytes from and brings them to. */
export interface PumpHost {
  /** A stream of its bytes from its position to its end. */
  openStream(pump: StreamPump, signal: AbortSignal): ByteStream;
  /** Whether bytes `[from, to)` that the stream brought may be used. If not, one that is opened at `from` brings them. */
  believes(stream: ByteStream, from: number, to: number): boolean;
  /** Resolves when bytes from `offset` on can be taken in, or the signal fires. */
  room(offset: number, signal: AbortSignal): Promise<void>;
  deliver(pump: StreamPump, offset: number, bytes: Uint8Array): void;
  /** It has brought everything up to its end. */
  drained(pump: StreamPump): void;
  /** Whether somebody waits for bytes that the pump will bring. */
  isAwaited(pump: StreamPump): boolean;
  /** It cannot go on, and is closed. The first byte that it did not get is at its position. */
  failed(pump: StreamPump, error: unknown): void;
  /** The same for a passing reason, while nobody waits for what it would have brought. */
  gaveUp(pump: StreamPump): void;
  /** It stalled: reads behind its next piece may be better off with a stream of their own. */
  stalled(pump: StreamPump): void;
  /** It had nothing to do for a while. */
  idle(pump: StreamPump): void;
}

const STALL_MS = 1_000;
/** Long enough for a player's next turn, short enough to give a scarce stream back soon. */
const IDLE_MS = 5_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;

/**
 * Carries bytes from one engine stream into memory, in order, up to its end, which may move. A stream that breaks for a passing
 * reason is opened anew at the same byte for as long as somebody waits; what was only read ahead is not worth another try.
 */
export class StreamPump implements PlannedStream {
  position: number;
  end: number;
  stalled = false;
  /** Why the stream broke the last time, while no byte has come since. */
  lastError: unknown;
  readonly #host: PumpHost;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #finished: Promise<void>;
  #stream: ByteStream | undefined;
  #failures = 0;
  #wake: (() => void) | undefined;

  constructor(parts: { readonly host: PumpHost; readonly clock: Clock; readonly start: number; readonly end: number }) {
    this.#host = parts.host;
    this.#clock = parts.clock;
    this.position = parts.start;
    this.end = parts.end;
    this.#finished = this.#run();
  }

  /** See {@link ByteStream.uncheckedBytes}. */
  get uncheckedBytes(): number {
    return this.#stream?.uncheckedBytes ?? 0;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Moves the end forward, or back: then the stream is opened anew, so that the engine stops fetching what lies beyond. */
  retarget(end: number): void {
    if (end === this.end) return;
    if (end < this.end) this.#dropStream();
    else this.#stream?.extend(end);
    this.end = end;
    this.#wake?.();
  }

  /** The priority of the file has changed. */
  reprioritise(): void {
    this.#stream?.extend(this.#stream.endExclusive);
  }

  close(): void {
    this.#closing.abort(fileClosed);
    this.#dropStream();
    this.#wake?.();
  }

  /** Resolves when nothing of it is left; it must be closed, or have failed. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  async #run(): Promise<void> {
    // The host has to know the pump before it hears from it.
    await Promise.resolve();
    while (!this.isClosed) {
      if (this.position >= this.end) await this.#wait();
      else await this.#carryOn();
    }
  }

  async #wait(): Promise<void> {
    this.#host.drained(this);
    await this.#rest(IDLE_MS, () => this.#host.idle(this));
  }

  async #carryOn(): Promise<void> {
    let stream: ByteStream | undefined;
    let bytes: Uint8Array;
    const stopWaiting = this.#clock.after(STALL_MS, () => this.#stall());
    try {
      stream = this.#stream ??= this.#host.openStream(this, this.#closing.signal);
      bytes = this.#checked(await stream.read());
    } catch (error) {
      const closedByUs = this.isClosed || stream !== this.#stream;
      if (closedByUs) return;
      this.#dropStream();
      await this.#recover(error);
      return;
    } finally {
      stopWaiting();
    }
    await this.#host.room(this.position, this.#closing.signal);
    if (this.isClosed || stream !== this.#stream) return;
    // Asked last: doubts may have come up since the stream was opened, or it was extended to what is doubtful.
    if (this.#host.believes(stream, this.position, this.position + bytes.length)) this.#take(bytes);
    else this.#dropStream();
  }

  #stall(): void {
    this.stalled = true;
    this.#host.stalled(this);
  }

  /** What a stream must not do is taken for a break. */
  #checked(bytes: Uint8Array | undefined): Uint8Array {
    const wanted = (this.#stream?.endExclusive ?? this.end) - this.position;
    if (bytes !== undefined && bytes.length > 0 && bytes.length <= wanted) return bytes;
    throw new EngineError('disconnected', `a stream gave ${bytes?.length ?? 'no'} bytes of ${wanted}`);
  }

  #take(bytes: Uint8Array): void {
    this.stalled = false;
    this.lastError = undefined;
    this.#failures = 0;
    const offset = this.position;
    this.position += bytes.length;
    this.#host.deliver(this, offset, bytes);
  }

  async #recover(error: unknown): Promise<void> {
    const isPassing = error instanceof EngineError && error.isTransient;
    if (!isPassing || !this.#host.isAwaited(this)) {
      this.#closing.abort(fileClosed);
      if (isPassing) this.#host.gaveUp(this);
      else this.#host.failed(this, error);
      return;
    }
    this.lastError = error;
    await this.#rest(Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS), () => this.#wake?.());
  }

  /** Until it is woken, or the time is over and `then` does as it likes. */
  async #rest(ms: number, then: () => void): Promise<void> {
    const cancel = this.#clock.after(ms, then);
    try {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    } finally {
      this.#wake = undefined;
      cancel();
    }
  }

  #dropStream(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }
}
