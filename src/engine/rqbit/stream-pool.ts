import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { FileId, StreamOptions } from '../engine.ts';
import { EngineError } from '../errors.ts';
import type { EngineFigures } from '../figures.ts';
import type { InfoHash } from '../torrent.ts';
import type { RqbitClient } from './client.ts';
import { RqbitStream, type StreamSource, type StreamTimings } from './rqbit-stream.ts';
import { StreamBudget, type StreamBudgetOptions, streamBudgetDefaults } from './stream-budget.ts';
import { type ConnectionRequest, StreamConnection } from './stream-connection.ts';
import type { TorrentHealth } from './torrent-health.ts';

/**
 * All byte streams of the engine. Whatever HTTP streams they use come out of one budget; one that its reader left is kept a
 * moment, for the next reader of the same file who wants to go on near by, and one that nobody reads is closed.
 */
export class StreamPool implements StreamSource {
  readonly staysOpen: boolean;
  readonly #components: StreamPoolComponents;
  readonly #timings: PoolTimings;
  readonly #budget: StreamBudget;
  readonly #streams = new Set<RqbitStream>();
  readonly #connections = new Set<StreamConnection>();
  /** Those of `#connections` that belong to no stream, and since when. */
  readonly #parked = new Map<StreamConnection, number>();
  #cancelSweep: (() => void) | undefined;

  constructor(components: StreamPoolComponents, options: StreamPoolOptions = {}) {
    this.#components = components;
    this.staysOpen = options.staysOpen ?? false;
    this.#timings = { ...poolTimings, ...options.timings };
    const { stallMs } = this.#timings;
    this.#budget = new StreamBudget(components, { ...streamBudgetDefaults, stallMs, ...options.budget });
  }

  open(file: FileId, options: StreamOptions): RqbitStream {
    const { health, clock } = this.#components;
    const stream = new RqbitStream({ source: this, health, clock, timings: this.#timings }, file, options);
    if (!options.signal.aborted) this.#streams.add(stream);
    return stream;
  }

  figures(): EngineFigures['streams'] {
    const { receivedBytes } = this.#components.client;
    return { open: this.#budget.leased, limit: this.#budget.limit, receivedBytes };
  }

  /** Whether a reader of this torrent waits for bytes. */
  isWaitedFor(infoHash: InfoHash): boolean {
    for (const stream of this.#streams) if (stream.isReading && stream.file.infoHash === infoHash) return true;
    return false;
  }

  /** Ends the streams of a torrent that is gone: rqbit would let those that wait hang. */
  endStreams(infoHash: InfoHash): void {
    const reason = new EngineError('not-found', `torrent ${infoHash} was removed`);
    for (const stream of [...this.#streams]) if (stream.file.infoHash === infoHash) stream.end(reason);
    // Not left for others: a reader that has yet to hear of this still looks at the memory of what it read last.
    for (const connection of [...this.#connections]) {
      if (connection.body.range.infoHash === infoHash) connection.close();
    }
  }

  /** Ends every stream with `stopped`. */
  stop(): void {
    for (const stream of [...this.#streams]) stream.end(new EngineError('stopped', 'the engine was stopped'));
    for (const connection of [...this.#connections]) connection.close();
  }

  fileLength(file: FileId, options: { readonly signal: AbortSignal }): Promise<number> {
    return this.#components.fileLength(file, options);
  }

  isHeld(file: FileId, offset: number, options: { readonly signal: AbortSignal }): Promise<boolean> {
    return this.#components.isHeld(file, offset, options);
  }

  async connect(request: ConnectionRequest): Promise<StreamConnection> {
    const near = this.#takeNear(request);
    if (near !== undefined) {
      this.#tellReuse(near, request);
      return near;
    }
    const { client, clock } = this.#components;
    const onClosed = (closed: StreamConnection) => this.#remove(closed);
    const connection = await StreamConnection.open({ budget: this.#budget, client, clock, onClosed }, request);
    if (!connection.isClosed) this.#connections.add(connection);
    this.#sweepLater();
    return connection;
  }

  release(connection: StreamConnection): void {
    // One without a byte so far is more likely a dead end than a shortcut.
    if (connection.body.isSpent || !connection.hasProgressed) connection.close();
    else if (!connection.isClosed) this.#parked.set(connection, this.#components.clock.now());
  }

  ended(stream: RqbitStream): void {
    this.#streams.delete(stream);
  }

  #takeNear({ range }: ConnectionRequest): StreamConnection | undefined {
    for (const connection of this.#parked.keys()) {
      const { body } = connection;
      const isSameFile = body.range.infoHash === range.infoHash && body.range.fileIndex === range.fileIndex;
      const isNear = body.position <= range.start && range.start - body.position <= NEAR_BYTES;
      // The server may have hung up since it was left.
      if (!isSameFile || !isNear || body.isSpent || body.range.endExclusive <= range.start) continue;
      this.#parked.delete(connection);
      return connection;
    }
    return undefined;
  }

  #tellReuse({ body }: StreamConnection, { range, reads }: ConnectionRequest): void {
    const { logger } = this.#components;
    if (!logger.debugEnabled) return;
    const { infoHash, fileIndex, start } = range;
    const fields = { infoHash, fileIndex, start, streamAt: body.position, reads: reads?.() ?? [] };
    logger.debug(fields, 'a stream of rqbit that was left is used again');
  }

  #sweepLater(): void {
    if (this.#connections.size === 0) return;
    this.#cancelSweep ??= this.#components.clock.after(this.#timings.parkedMs / 3, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const now = this.#components.clock.now();
    const { parkedMs, restMs } = this.#timings;
    for (const [connection, since] of this.#parked) if (now - since > parkedMs) connection.close();
    for (const connection of this.#connections) {
      if (connection.idleSince !== undefined && now - connection.idleSince > restMs) connection.close();
    }
  }

  #remove(connection: StreamConnection): void {
    this.#parked.delete(connection);
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }
}

export interface StreamPoolComponents {
  readonly client: RqbitClient;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly health: TorrentHealth;
  /** @throws EngineError `not-found` */
  readonly fileLength: (file: FileId, options: { readonly signal: AbortSignal }) => Promise<number>;
  readonly isHeld: (file: FileId, offset: number, options: { readonly signal: AbortSignal }) => Promise<boolean>;
}

/** To read on over 1 MiB that is thrown away takes a few milliseconds; a new stream makes rqbit reconsider its peers. */
const NEAR_BYTES = 2 ** 20;
export interface StreamPoolOptions {
  /** Reads on, though slower than it could, to the end of a file where it would else end one HTTP stream and begin another. */
  readonly staysOpen?: boolean;
  readonly budget?: Partial<StreamBudgetOptions>;
  readonly timings?: Partial<PoolTimings>;
}

interface PoolTimings extends StreamTimings {
  /** How long an HTTP stream is kept after its reader closed. */
  readonly parkedMs: number;
  /** How long it is kept for a reader who does not read. */
  readonly restMs: number;
}

const poolTimings: PoolTimings = {
  stallMs: streamBudgetDefaults.stallMs,
  // A held piece comes within milliseconds.
  haltedMs: 200,
  // rqbit never wakes a stream that waited while its torrent failed and was started again. Rare enough not to churn peers,
  // which rqbit does at every new stream, and within a reader's patience.
  reopenMs: 20_000,
  retry: { initialMs: 100, maxMs: 2000 },
  // As long as it is open, rqbit goes on fetching 32 MiB for a stream that nobody wants: just long enough to be reused.
  parkedMs: 1500,
  // A player that has buffered enough comes back after seconds; a new stream costs it less than a permit costs others.
  restMs: 5000,
};
