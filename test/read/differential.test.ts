import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/engine/index.ts';
import { KiB, MiB, ReaderRig } from './reader-rig.ts';

const OPERATIONS = 100_000;
/** A time box in processor time, so that a busy machine does not make the test a smaller one. */
const LIMIT_CPU_MS = 120_000;
const OPERATIONS_PER_SCENARIO = 400;

/**
 * Random reads of random torrents through both lanes, over an engine that stalls, breaks and loses pieces, against the payload.
 * To repeat a failure set `READ_SEED` to the seed that the message names.
 */
describe('any sequence of reads', () => {
  it('gives the payload or an error, and leaves nothing behind', { timeout: 900_000 }, async () => {
    const firstSeed = Number(process.env['READ_SEED'] ?? Date.now() % 1_000_000);
    const startedAt = process.cpuUsage();
    const isInTime = (): boolean => process.cpuUsage(startedAt).user < LIMIT_CPU_MS * 1000;
    let operations = 0;
    let seed = firstSeed;
    for (; operations < OPERATIONS && isInTime(); seed++) {
      try {
        operations += await new Scenario(seed).run();
      } catch (error) {
        throw new Error(`READ_SEED=${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    }
    expect(operations, `seeds ${firstSeed} to ${seed}`).toBeGreaterThanOrEqual(OPERATIONS);
  });
});

interface OpenFile {
  readonly handle: number;
  readonly fileIndex: number;
  readonly bytes: Uint8Array;
  /** Where each of two interleaved readers is. */
  readonly cursors: [number, number];
}

class Scenario {
  readonly #random: Random;
  readonly #rig: ReaderRig;
  readonly #torrent;
  readonly #files: OpenFile[] = [];
  readonly #running: Set<Promise<void>> = new Set();
  readonly #stalls: { lift(): void }[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
    const random = this.#random;
    this.#rig = new ReaderRig({
      cacheBytes: random.pick([0, 256 * KiB, 2 * MiB, 16 * MiB]),
      readAheadBytes: random.pick([0, MiB, 32 * MiB]),
      assemblyLimit: random.pick([4, 64]),
      verifyAll: random.chance(0.1),
    });
    this.#rig.engine.chunkBytes = random.pick([1000, 16 * KiB, 64 * KiB, MiB]);
    if (random.chance(0.5)) this.#rig.engine.latency = async () => undefined;
    const lengths = Array.from({ length: random.below(3) + 1 }, () =>
      random.below(random.pick([10, 100 * KiB, 3 * MiB])),
    );
    this.#torrent = this.#rig.engine.addTorrent({
      files: lengths.map((length, index) => ({ path: [`${index}`], length: length + 1 })),
      pieceLength: random.pick([16 * KiB, 256 * KiB, MiB]),
      seed,
    });
    this.#torrent.hold(...this.#somePieces(0.5));
  }

  async run(): Promise<number> {
    for (let operation = 0; operation < OPERATIONS_PER_SCENARIO; operation++) {
      this.#operate();
      if (this.#running.size > 8 || this.#random.chance(0.3)) await this.#rig.settle(1);
      if (this.#running.size > 30) await this.#recover();
    }
    await this.#recover();
    await this.#checkNothingHeld();
    return OPERATIONS_PER_SCENARIO;
  }

  #operate(): void {
    const file = this.#files.length > 0 ? this.#random.pick(this.#files) : undefined;
    const dice = this.#random.below(100);
    if (file === undefined || (dice < 2 && this.#files.length < 8)) this.#open();
    else if (dice < 3) this.#close(file);
    else if (dice < 8) this.#disturb(file);
    else this.#start(file);
  }

  #open(): void {
    const fileIndex = this.#random.below(this.#torrent.details.files.length);
    const bytes = this.#torrent.fileBytes(fileIndex);
    const handle = this.#rig.open(this.#torrent, { fileIndex });
    this.#files.push({ handle, fileIndex, bytes, cursors: [0, this.#random.below(bytes.length)] });
  }

  #close(file: OpenFile): void {
    this.#files.splice(this.#files.indexOf(file), 1);
    this.#rig.reader.close(file.handle);
  }

  #disturb(file: OpenFile): void {
    const { engine, clock } = this.#rig;
    const random = this.#random;
    const id = { infoHash: this.#torrent.infoHash, fileIndex: file.fileIndex };
    const offset = random.below(file.bytes.length);
    const disturbances: (() => void)[] = [
      () => this.#stalls.push(engine.stallAt(id, offset)),
      () => engine.cutAt(id, offset),
      () => engine.cutAt(id, offset, new EngineError('io', 'the disk failed')),
      () => engine.failCall('read', 1 + random.below(5), new EngineError('unavailable', 'busy')),
      () => this.#torrent.lose(...this.#somePieces(0.2)),
      () => this.#torrent.withhold(...this.#somePieces(0.2)),
      () => this.#torrent.hold(...this.#somePieces(0.2)),
      () => this.#torrent.setState(random.pick(['paused', 'live', 'initializing'])),
      () => {
        this.#torrent.peers = random.below(2);
      },
      () => clock.advance(random.pick([200, 1_500, 6_000])),
    ];
    random.pick(disturbances)();
  }

  /** Starts a read; some are aborted later. */
  #start(file: OpenFile): void {
    const random = this.#random;
    const which = random.below(2) as 0 | 1;
    const isSequential = random.chance(0.7);
    const offset = isSequential ? file.cursors[which] : random.below(file.bytes.length + 10);
    const length = 1 + random.below(random.pick([16, 64 * KiB, MiB]));
    file.cursors[which] = (offset + length) % file.bytes.length;
    const controller = new AbortController();
    if (random.chance(0.05)) setImmediate(() => controller.abort(new Error('interrupted')));
    const wanted = file.bytes.subarray(offset, offset + length);
    const running = this.#compare(file.handle, offset, length, wanted, controller.signal, random.chance(0.05)).finally(
      () => this.#running.delete(running),
    );
    this.#running.add(running);
  }

  async #compare(
    handle: number,
    offset: number,
    length: number,
    wanted: Uint8Array,
    signal: AbortSignal,
    nonBlocking: boolean,
  ): Promise<void> {
    let bytes: Buffer;
    try {
      bytes = await this.#rig.read(handle, offset, length, signal, nonBlocking);
    } catch (error) {
      if (error instanceof Error && (error.message === 'interrupted' || 'code' in error)) return;
      throw error;
    }
    if (!bytes.equals(wanted)) {
      throw new Error(`${bytes.length} bytes at ${offset} are not the ${wanted.length} of the payload`);
    }
  }

  /** Ends all trouble: then every read must end, without the help of its deadline. */
  async #recover(): Promise<void> {
    for (const stall of this.#stalls.splice(0)) stall.lift();
    this.#torrent.setState('live');
    this.#torrent.peers = 1;
    this.#torrent.release(...Array.from({ length: this.#torrent.details.pieceCount }, (_, piece) => piece));
    for (let turn = 0; this.#running.size > 0; turn++) {
      // Streams that broke are tried again when time passes; far less of it than a deadline.
      if (turn % 50 === 49) this.#rig.clock.advance(100);
      if (turn > 20_000) throw new Error(`${this.#running.size} reads never ended`);
      await Promise.race([this.#rig.settle(1), Promise.all(this.#running)]);
    }
  }

  async #checkNothingHeld(): Promise<void> {
    const { reader, engine, cache, clock } = this.#rig;
    for (const file of this.#files) reader.close(file.handle);
    await reader.stop();
    this.#rig.fast.read(0, 0, 0);
    cache.checkInvariants();
    const { traffic: _, cache: __, refusedReads: ___, ...gauges } = reader.statistics();
    const held = Object.entries(gauges).filter(([, value]) => value !== 0);
    if (held.length > 0) throw new Error(`left over: ${JSON.stringify(held)}`);
    if (engine.openStreams.size > 0) throw new Error(`${engine.openStreams.size} streams are open`);
    if (clock.pendingTimers > 0) throw new Error(`${clock.pendingTimers} timers are set`);
  }

  #somePieces(share: number): number[] {
    return Array.from({ length: this.#torrent.details.pieceCount }, (_, piece) => piece).filter(() =>
      this.#random.chance(share),
    );
  }
}

/** xorshift32: the same numbers for the same seed, everywhere. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  chance(probability: number): boolean {
    return this.below(1000) < probability * 1000;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error('nothing to pick from');
    return value;
  }
}
