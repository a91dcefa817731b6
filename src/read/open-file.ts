import type { CacheWriter } from '../cache/cache-writer.ts';
import type { ByteStream, Engine, FileId } from '../engine/index.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { SpareBuffers } from '../util/spare-buffers.ts';
import type { AssemblyPool } from './assembly-pool.ts';
import type { ByteBudget } from './byte-budget.ts';
import { CheckedStream } from './checked-stream.ts';
import { FetchTrace, readsWaitingFor } from './fetch-trace.ts';
import { FileHoldings } from './file-holdings.ts';
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

/**
 * One file that somebody has open: what of it is in memory, who wants which bytes, and the streams and disk reads that bring
 * them. Whatever changes about any of these asks for a new plan, which is made once per turn.
 */
export class OpenFile implements PumpHost {
  readonly id: FileId;
  readonly layout: FileLayout;
  readonly memory: FileMemory;
  readonly holdings: FileHoldings;
  readonly demands: Set<Demand> = new Set();
  readonly #parts: OpenFileParts;
  readonly #file: ReadableFile;
  readonly #local: LocalPieces;
  readonly #loads: LocalLoads;
  readonly #pumps: Set<StreamPump> = new Set();
  readonly #ending: Set<Promise<void>> = new Set();
  readonly #trace: FetchTrace;
  #isPlanned = false;
  #priority = 0;
  #isClosed = false;

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
    this.holdings = new FileHoldings({
      engine,
      id: this.id,
      layout: this.layout,
      clock,
      log,
      located: (local, map) => this.#local.locate(local, map),
      changed: plan,
    });
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

  /** Somebody opened it: what is held and where it lies is asked anew, and what was given up on is tried again. */
  opened(): void {
    this.#local.believeAgain();
    this.holdings.ask();
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
      if (!this.#isClosed && this.holdings.isPrepared) this.#execute(this.#makePlan());
    });
  }

  /** Ends every fetch, and resolves when they are gone. Those who wait must have been told before. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const pump of this.#pumps) this.#end(pump);
    await this.holdings.close();
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

  #deliverLocal(offset: number, bytes: Uint8Array): void {
    this.#parts.traffic.fromLocalFiles += bytes.length;
    this.#takeIn(offset, bytes);
  }

  #takeIn(offset: number, bytes: Uint8Array): void {
    this.memory.deliver(offset, bytes);
    for (const demand of this.demands) demand.brought(offset, offset + bytes.length);
  }

  #makePlan(): StreamPlan<StreamPump> {
    return planStreams({
      layout: this.layout,
      streams: this.streams,
      wants: this.#wants(),
      isHeld: piece => this.holdings.has(piece),
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
