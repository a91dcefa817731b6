import { sleep } from '../../util/abortable.ts';
import { Backoff, type BackoffOptions } from '../../util/backoff.ts';
import type { Clock } from '../../util/clock.ts';
import type { ByteStream, FileId, StreamOptions } from '../engine.ts';
import { EngineError } from '../errors.ts';
import { FetchSigns } from './fetch-signs.ts';
import { hasStatus } from './http-errors.ts';
import type { RangeBody } from './range-body.ts';
import type { ConnectionRequest, StreamConnection } from './stream-connection.ts';
import type { TorrentHealth } from './torrent-health.ts';

/**
 * A `ByteStream` over as many HTTP streams as it takes. It gives its HTTP stream up when another stream's turn has come, when
 * nobody reads it for a while and when the server goes away, and takes a new one at the same position when it is read again.
 * The reader sees bytes, or an error that waiting would not cure; how long to wait is the reader's to decide.
 */
export class RqbitStream implements ByteStream {
  readonly file: FileId;
  readonly #source: StreamSource;
  readonly #health: TorrentHealth;
  readonly #clock: Clock;
  readonly #timings: StreamTimings;
  readonly #backoff: Backoff;
  readonly #end = new AbortController();
  readonly #fetchSigns = new FetchSigns();
  readonly #detach: () => void;
  readonly #reads: StreamOptions['reads'];
  readonly #priority: () => number;
  #position: number;
  #endExclusive: number;
  #wasExtended = false;
  #connection: StreamConnection | undefined;
  #hadTurnInVain = false;
  #patienceMs = 0;
  #refusals = 0;
  #isReading = false;

  constructor(components: StreamComponents, file: FileId, options: StreamOptions) {
    this.file = file;
    this.#source = components.source;
    this.#health = components.health;
    this.#clock = components.clock;
    this.#timings = components.timings;
    this.#backoff = new Backoff(components.timings.retry);
    this.#position = options.start;
    this.#endExclusive = options.endExclusive;
    this.#reads = options.reads;
    this.#priority = options.priority ?? (() => 0);
    const { signal } = options;
    const onAbort = () => this.end(signal.reason);
    this.#detach = () => signal.removeEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  }

  get position(): number {
    return this.#position;
  }

  get endExclusive(): number {
    return this.#endExclusive;
  }

  /** Signs of life rather than bytes: rqbit does not tell those of a piece. */
  get uncheckedBytes(): number {
    return this.#fetchSigns.count;
  }

  /** Whether a `read` waits. */
  get isReading(): boolean {
    return this.#isReading;
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#isReading) throw new Error('a stream is read by one caller at a time');
    this.#isReading = true;
    try {
      return await this.#next();
    } finally {
      this.#isReading = false;
    }
  }

  extend(endExclusive: number): void {
    if (endExclusive <= this.#endExclusive) return;
    this.#endExclusive = endExclusive;
    this.#wasExtended = true;
    this.#connection?.body.want(endExclusive);
  }

  close(): void {
    this.end(new EngineError('stopped', 'the stream was closed'));
  }

  /** Like `close`, with a reason for a pending read. */
  end(reason: unknown): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort(reason);
    this.#detach();
    const connection = this.#connection;
    this.#connection = undefined;
    // One that a read waits for is of no use to another reader, and to close it wakes the read.
    if (this.#isReading) connection?.close();
    else if (connection !== undefined) this.#source.release(connection);
    this.#source.ended(this);
  }

  async #next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#end.signal.aborted) this.#drop();
      this.#end.signal.throwIfAborted();
      if (this.#position >= this.#endExclusive) return undefined;
      try {
        this.#connection ??= await this.#connect();
        if (this.#end.signal.aborted) continue;
        this.#connection.body.want(this.#endExclusive);
        const bytes = this.#take(this.#connection);
        if (bytes !== undefined) return bytes;
        await this.#waitForBytes(this.#connection);
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  async #connect(): Promise<StreamConnection> {
    const { signal } = this.#end;
    const fileLength = await this.#source.fileLength(this.file, { signal });
    if (this.#endExclusive > fileLength) {
      const where = `file ${this.file.fileIndex} of torrent ${this.file.infoHash}`;
      throw new EngineError('bad-range', `${where} has ${fileLength} bytes, not ${this.#endExclusive}`);
    }
    return this.#source.connect({
      // Who extends reads on: it is given the rest of the file in one stream. Who does not gets what it asks for and no
      // more, so that the connection can be used again.
      range: {
        ...this.file,
        start: this.#position,
        endExclusive: this.#wasExtended || this.#source.staysOpen ? fileLength : this.#endExclusive,
      },
      fileLength,
      reads: this.#reads,
      priority: this.#priority,
      hadTurnInVain: this.#hadTurnInVain,
      isHeld: await this.#source.isHeld(this.file, this.#position, { signal }),
      signal,
    });
  }

  #take(connection: StreamConnection): Uint8Array | undefined {
    const { body } = connection;
    while (body.position < this.#position) {
      if (body.take(this.#position - body.position) === undefined) return undefined;
    }
    const bytes = body.take(this.#endExclusive - this.#position);
    if (bytes === undefined) return undefined;
    this.#position += bytes.byteLength;
    this.#hadTurnInVain = false;
    this.#patienceMs = 0;
    this.#fetchSigns.served();
    this.#refusals = 0;
    this.#backoff.reset();
    connection.served();
    if (body.isSpent) this.#drop();
    return bytes;
  }

  async #waitForBytes(connection: StreamConnection): Promise<void> {
    const since = this.#clock.now();
    connection.wanted();
    const { stallMs, haltedMs } = this.#timings;
    const waitMs = this.#health.isHalted(this.file.infoHash) ? haltedMs : stallMs;
    while (!(await isReadyWithin(connection.body, waitMs, this.#clock))) {
      await Promise.race([connection.body.ready(), this.#checkStall()]);
      if (this.#clock.now() - since < this.#patienceMs) continue;
      this.#patienceMs = Math.min(Math.max(this.#patienceMs, this.#timings.stallMs) * 2, this.#timings.reopenMs);
      connection.close();
    }
    if (!connection.isClosed) return;
    this.#hadTurnInVain = this.#clock.now() - since >= this.#timings.stallMs;
    this.#connection = undefined;
  }

  /** @throws EngineError when waiting is of no use */
  async #checkStall(): Promise<void> {
    try {
      const { fetchedBytes, connectedPeers } = await this.#health.noteStalled(this.file.infoHash, this.#end.signal);
      if (fetchedBytes !== undefined) this.#fetchSigns.observe(fetchedBytes);
      // A new stream makes rqbit dial those peers that it hung up on because nothing was wanted of them.
      if (connectedPeers > 0) this.#patienceMs = this.#timings.reopenMs;
    } catch (error) {
      throwIfPermanent(error);
    }
  }

  /** Waits for a while if trying again may help. @throws what it was called with if not */
  async #recover(error: unknown): Promise<void> {
    this.#drop();
    const { signal } = this.#end;
    signal.throwIfAborted();
    if (!(error instanceof EngineError)) throw error;
    if (hasStatus(error, 500) || hasStatus(error, 412)) await this.#checkRefusal(error);
    else throwIfPermanent(error);
    await sleep(this.#backoff.nextMs(), signal);
  }

  async #checkRefusal(error: EngineError): Promise<void> {
    const isInitializing = await this.#health
      .checkRefused(this.file.infoHash, this.#end.signal)
      .catch(throwIfPermanent);
    if (isInitializing === false && ++this.#refusals >= MAX_REFUSALS) throw error;
  }

  #drop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

/** A live torrent that refuses its streams so often, over some seconds, will not change its mind. */
const MAX_REFUSALS = 5;

async function isReadyWithin(body: RangeBody, milliseconds: number, clock: Clock): Promise<boolean> {
  let cancel = () => {};
  const timeout = new Promise<void>(resolve => {
    cancel = clock.after(milliseconds, resolve);
  });
  await Promise.race([body.ready(), timeout]);
  cancel();
  return body.isReady;
}

function throwIfPermanent(error: unknown): void {
  if (!(error instanceof EngineError) || !error.isTransient) throw error;
}

interface StreamComponents {
  readonly source: StreamSource;
  readonly health: TorrentHealth;
  readonly clock: Clock;
  readonly timings: StreamTimings;
}

export interface StreamTimings {
  /** Without a byte for so long, a stream asks what is wrong. */
  readonly stallMs: number;
  /** The same, where the torrent was not fetching anything when it was last listed. */
  readonly haltedMs: number;
  /** After so long it asks for the same bytes anew. */
  readonly reopenMs: number;
  /** Before it tries again after a failure. */
  readonly retry: BackoffOptions;
}

/** Where a stream has its HTTP streams from. */
export interface StreamSource {
  /** Whether rqbit must not be left without a stream between two reads, see docs/RQBIT.md. */
  readonly staysOpen: boolean;
  /** @throws EngineError `not-found` */
  fileLength(file: FileId, options: { readonly signal: AbortSignal }): Promise<number>;
  /** Whether the byte is known to be held. @throws the signal's reason */
  isHeld(file: FileId, offset: number, options: { readonly signal: AbortSignal }): Promise<boolean>;
  /** @throws the signal's reason */
  connect(request: ConnectionRequest): Promise<StreamConnection>;
  /** The stream was closed with an HTTP stream that may be of use to the next one. */
  release(connection: StreamConnection): void;
  ended(stream: RqbitStream): void;
}
