import type { CacheWriter } from '../cache/cache-writer.ts';
import type { ByteStream, Engine, FileId, PieceMap } from '../engine/index.ts';
import type { Clock } from '../util/clock.ts';
import { Deferred } from '../util/deferred.ts';
import type { Logger } from '../util/logger.ts';
import type { SpareBuffers } from '../util/spare-buffers.ts';
import type { AssemblyPool } from './assembly-pool.ts';
import type { ByteBudget } from './byte-budget.ts';
import { CheckedStream } from './checked-stream.ts';
import { fileClosed } from './errors.ts';
import { FetchTrace, readsWaitingFor } from './fetch-trace.ts';
import { FileLayout } from './file-layout.ts';
import { FileMemory } from './file-memory.ts';
import { LocalLoads } from './local-loads.ts';
import { LocalPieces } from './local-pieces.ts';
import type { ReadableFile } from './reader.ts';
import { planStreams, type StreamPlan, type Want } from './stream-plan.ts';
import { type PumpHost, StreamPump } from './stream-pump.ts';
import type { VerifiedFiles } from './verified-files.ts';

/** What all open files share. */
export interface OpenFileParts {
  readonly engine: Engine;
  readonly cache: CacheWriter;
  readonly pool: AssemblyPool;
  readonly verified: VerifiedFiles;
  /** Memory for reads of local files. */
  readonly localBudget: ByteBudget;
  readonly localMemory: SpareBuffers;
  readonly clock: Clock;
  readonly log: Logger;
  /** Hash by piece what comes from the engine, too. */
  readonly verifyAll: boolean;
  readonly traffic: Traffic;
}

/** Bytes since the start, by where they came from. */
export interface Traffic {
  fromStreams: number;
  fromLocalFiles: number;
  delivered: number;
}

/** Bytes that a handle would like to have, without waiting for them. */
export interface Demand {
  ahead(): readonly { readonly from: number; readonly to: number }[];
  /** Bytes `[from, to)` have come. */
  brought(from: number, to: number): void;
  /** Bytes `[from, to)` cannot be had now. */
  cut(from: number, to: number): void;
}

/** Less than this beyond what is wanted is not worth a new stream. */
const SLACK_BYTES = 1 << 20;

/** For so long a file waits to hear what is held and where it lies; then it does without knowing. */
const PREPARE_MS = 2_000;

/** Which pieces are held is asked anew at most this often, but for each open. */
const ASK_AGAIN_MS = 1_000;

/**
 * One file that somebody has open: what of it is in memory, who wants which bytes, and the streams and disk reads that bring
 * them. Whatever changes about any of these asks for a new plan, which is made once per turn.
 */
export class OpenFile implements PumpHost {
  readonly id: FileId;
  readonly layout: FileLayout;
  readonly memory: FileMemory;
  readonly demands: Set<Demand> = new Set();
  readonly #parts: OpenFileParts;
  readonly #file: ReadableFile;
  readonly #local: LocalPieces;
  readonly #loads: LocalLoads;
  readonly #pumps: Set<StreamPump> = new Set();
  readonly #ending: Set<Promise<void>> = new Set();
  readonly #closing = new AbortController();
  readonly #trace: FetchTrace;
  #map: PieceMap | undefined;
  #preparing: Promise<void> | undefined;
  #refreshing: Promise<void> = Promise.resolve();
  readonly #prepared = new Deferred<void>();
  readonly #stopWaiting: () => void;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #isPrepared = false;
  #isPlanned = false;
  #priority = 0;

  constructor(file: ReadableFile, base: number, parts: OpenFileParts) {
    const { engine, cache, pool, clock, verified, localBudget: budget, localMemory: memory, log } = parts;
    this.#parts = parts;
    this.#file = file;
    this.id = { infoHash: file.infoHash, fileIndex: file.fileIndex };
    this.#trace = new FetchTrace(this.id, log);
    this.layout = new FileLayout(file.details, file.fileIndex, cache.blockBytes);
    const plan = (): void => this.plan();
    const isFetching = (from: number, to: number): boolean => this.#isFetching(from, to);
    this.memory = new FileMemory({ layout: this.layout, base, cache, pool, clock, isFetching });
    this.#local = new LocalPieces({ engine, file, layout: this.layout, verified, budget, memory, log });
    this.#loads = new LocalLoads(this.#local, (offset, bytes) => this.#deliverLocal(offset, bytes), plan);
    this.#stopWaiting = clock.after(PREPARE_MS, () => this.#becomePrepared());
  }

  /** See `ReadPolicy.priority`: of one file every handle has the same. */
  get priority(): number {
    return this.#priority;
  }

  set priority(priority: number) {
    if (priority === this.#priority) return;
    this.#priority = priority;
    for (const pump of this.#pumps) pump.reprioritise();
  }

  get streams(): readonly StreamPump[] {
    return [...this.#pumps];
  }

  get localLoads(): number {
    return this.#loads.size;
  }

  /** Somebody opened it: what is held and where it lies is asked anew, and what was given up on is tried again. */
  opened(): void {
    this.#local.believeAgain();
    this.#preparing ??= this.#prepare();
  }

  /** Resolves when it is known what is held, or does not become known in time. Never rejects. */
  get prepared(): Promise<void> {
    return this.#prepared.promise;
  }

  /** Whether every piece of the range is held, as far as is known. */
  isHeld(from: number, to: number): boolean {
    return this.layout.everyPiece(from, to, piece => this.#map?.has(piece) ?? false);
  }

  /** Asks the engine what it holds, if it has not said so yet; now and then. */
  learnHeld(): void {
    if (this.#map !== undefined || this.#preparing !== undefined || !this.#mayAskAgain()) return;
    this.#preparing = this.#prepare();
  }

  /** Asks the engine anew what it holds; now and then. Resolves when it has said so, or does not in time. Never rejects. */
  async refreshHeld(): Promise<void> {
    if (this.#map === undefined) return;
    if (this.#mayAskAgain()) this.#refreshing = this.#refresh(this.#map);
    await this.#refreshing;
  }

  /** Bytes that have come in for `[from, to)` and are not checked yet; see {@link ByteStream.uncheckedBytes}. */
  uncheckedBytes(from: number, to: number): number {
    const missing = this.memory.firstMissing(from, to);
    let bytes = 0;
    for (const pump of this.#pumps) if (willBring(pump, missing, to)) bytes += pump.uncheckedBytes;
    return bytes;
  }

  /** Why the streams that should bring the range do not. */
  lastError(from: number, to: number): unknown {
    for (const pump of this.#pumps) {
      if (pump.lastError !== undefined && willBring(pump, from, to)) return pump.lastError;
    }
    return undefined;
  }

  /**
   * Something about wants, memory or sources has changed. One plan serves all that changes in a turn of the loop: hundreds of
   * readers come, stall or time out together.
   */
  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      if (!this.#closing.signal.aborted && this.#isPrepared) this.#execute(this.#makePlan());
    });
  }

  /** Ends every fetch, and resolves when they are gone. Those who wait must have been told before. */
  async close(): Promise<void> {
    this.#closing.abort(fileClosed);
    this.#becomePrepared();
    for (const pump of this.#pumps) this.#end(pump);
    await this.#preparing;
    await this.#loads.close();
    await Promise.all(this.#ending);
    await this.#local.close();
    this.memory.clear();
  }

  openStream(pump: StreamPump, signal: AbortSignal): ByteStream {
    const { engine } = this.#parts;
    const { position: start, end } = pump;
    const reads = (): string[] => readsWaitingFor({ from: pump.position, to: pump.end }, this.memory.waiters());
    const options = { start, endExclusive: end, signal, reads, priority: () => this.priority };
    if (!this.#mustHash(start, end)) return engine.open(this.id, options);
    return new CheckedStream({ engine, details: this.#file.details, layout: this.layout, id: this.id }, options);
  }

  believes(stream: ByteStream, from: number, to: number): boolean {
    return stream instanceof CheckedStream || !this.#mustHash(from, to);
  }

  deliver(pump: StreamPump, offset: number, bytes: Uint8Array): void {
    this.#parts.traffic.fromStreams += bytes.length;
    this.#takeIn(offset, bytes);
    // What another stream has brought already is not fetched again.
    if (this.memory.firstMissing(pump.position, pump.end) - pump.position < SLACK_BYTES) return;
    this.#end(pump);
    this.plan();
  }

  async room(offset: number, signal: AbortSignal): Promise<void> {
    await this.memory.room(offset, signal);
  }

  drained(): void {
    this.plan();
  }

  isAwaited(pump: StreamPump): boolean {
    for (const waiter of this.memory.waiters()) {
      if (waiter.from < pump.end && waiter.to > pump.position) return true;
    }
    return false;
  }

  failed(pump: StreamPump, error: unknown): void {
    this.memory.fail(pump.position, this.layout.pieceEnd(this.layout.pieceAt(pump.position)), error);
    this.gaveUp(pump);
  }

  /** Those who wait for other bytes of the piece have streams of their own, or get one now. */
  gaveUp(pump: StreamPump): void {
    this.#end(pump);
    const end = this.layout.pieceEnd(this.layout.pieceAt(pump.position));
    for (const demand of this.demands) demand.cut(pump.position, end);
    this.plan();
  }

  stalled(): void {
    this.plan();
  }

  idle(pump: StreamPump): void {
    this.#end(pump);
  }

  /** Whether the range has bytes that the engine does not vouch for, or that are known to be wrong where it has them from. */
  #mustHash(from: number, to: number): boolean {
    const { engine, verifyAll } = this.#parts;
    if (verifyAll || engine.mustVerify?.(this.id.infoHash)) return true;
    return !this.layout.everyPiece(from, to, piece => !this.#local.isMismatched(piece));
  }

  #isFetching(from: number, to: number): boolean {
    for (const pump of this.#pumps) if (willBring(pump, from, to)) return true;
    return false;
  }

  #mayAskAgain(): boolean {
    const nowMs = this.#parts.clock.now();
    if (nowMs - this.#askedAtMs < ASK_AGAIN_MS) return false;
    this.#askedAtMs = nowMs;
    return true;
  }

  async #prepare(): Promise<void> {
    const { engine } = this.#parts;
    const { signal } = this.#closing;
    try {
      const map = await engine.pieces(this.id.infoHash, { signal });
      this.#map = map;
      this.#local.locate(await engine.localFile(this.id, { signal }), map);
    } catch (error) {
      this.#doesNotSay(error);
    } finally {
      this.#preparing = undefined;
      this.#becomePrepared();
    }
  }

  async #refresh(map: PieceMap): Promise<void> {
    const heard = new Deferred<void>();
    const stopWaiting = this.#parts.clock.after(PREPARE_MS, () => heard.resolve());
    map
      .refresh({ signal: this.#closing.signal })
      .then(() => this.plan())
      .catch(error => this.#doesNotSay(error))
      .finally(() => heard.resolve());
    await heard.promise;
    stopWaiting();
  }

  #becomePrepared(): void {
    this.#isPrepared = true;
    this.#stopWaiting();
    this.#prepared.resolve();
    this.plan();
  }

  /** What is not known is taken for nothing held here: the engine's stream will say what is wrong. */
  #doesNotSay(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#parts.log.debug({ ...this.id, error }, 'the engine does not say what it holds of a file');
  }

  #deliverLocal(offset: number, bytes: Uint8Array): void {
    this.#parts.traffic.fromLocalFiles += bytes.length;
    this.#takeIn(offset, bytes);
  }

  #takeIn(offset: number, bytes: Uint8Array): void {
    this.memory.deliver(offset, bytes);
    for (const demand of this.demands) demand.brought(offset, offset + bytes.length);
  }

  #makePlan(): StreamPlan<StreamPump> {
    const isHeld = (piece: number): boolean => this.#map?.has(piece) ?? false;
    return planStreams({
      layout: this.layout,
      streams: this.streams,
      wants: this.#wants(),
      isHeld,
      isLocal: piece => this.#local.isLocal(piece),
    });
  }

  #wants(): Want[] {
    const wants: Want[] = this.memory.awaited().map(({ from, to }) => ({ from, to, urgent: true }));
    for (const demand of this.demands) {
      for (const { from, to } of demand.ahead()) {
        demand.brought(from, this.memory.firstMissing(from, to));
        for (const range of this.memory.missing(from, to)) wants.push({ ...range, urgent: false });
      }
    }
    return wants;
  }

  #execute(plan: StreamPlan<StreamPump>): void {
    for (const pump of this.#pumps) {
      const target = plan.keep.get(pump);
      if (target === undefined) {
        if (!this.#mayGoOn(pump)) this.#end(pump);
      } else if (target > pump.end || pump.end - target > SLACK_BYTES) pump.retarget(target);
    }
    for (const { start, end } of plan.open) this.#open(start, end);
    if (this.#trace.enabled) {
      this.#trace.tell({ waiters: this.memory.waiters(), streams: this.streams, local: plan.local });
    }
    this.#loads.start(plan.local);
  }

  /** It has brought all of a window, whose reader will want more of it presently. */
  #mayGoOn(pump: StreamPump): boolean {
    if (pump.position < pump.end) return false;
    for (const demand of this.demands) {
      for (const { from, to } of demand.ahead()) if (from <= pump.position && pump.position <= to) return true;
    }
    return false;
  }

  #open(start: number, end: number): void {
    const { clock } = this.#parts;
    // A whole block can be kept in the cache, and the piece has to come anyway.
    const from = this.memory.hasAnyOfBlock(start) ? start : this.layout.roundDown(start);
    this.#pumps.add(new StreamPump({ host: this, clock, start: from, end }));
  }

  #end(pump: StreamPump): void {
    if (!this.#pumps.delete(pump)) return;
    pump.close();
    const ending = pump.finished.finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

function willBring(pump: StreamPump, from: number, to: number): boolean {
  return pump.position < to && pump.end > from;
}
