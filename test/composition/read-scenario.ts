import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OpenFlag } from '../../src/fuse/abi/flags.ts';
import { Opcode } from '../../src/fuse/abi/opcodes.ts';
import type { ReplyParts } from '../../src/fuse/codec/reply-encoder.ts';
import { ROOT_NODE } from '../../src/fuse/filesystem.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import type { FakeTorrent } from '../fakes/fake-torrent.ts';
import { name, openRows, readRows, releaseRows } from '../fixtures/fuse-frames.ts';
import { Random } from '../fixtures/random.ts';
import { BothLanes } from './both-lanes.ts';
import { ReadFaults, type ReadUnderWay, somePieces } from './read-faults.ts';

const KiB = 1 << 10;
const MiB = 1 << 20;

interface OpenFile {
  readonly torrent: FakeTorrent;
  readonly fileIndex: number;
  readonly node: number;
  readonly handle: number;
  readonly flags: number;
  /** Where each of two interleaved readers is. */
  readonly cursors: [number, number];
}

/**
 * Random requests for two random torrents over an engine that stalls, breaks and loses pieces. Every reply is compared with the
 * payload, every error with what has happened, and nothing may be left when it is over.
 */
export class ReadScenario {
  readonly #random: Random;
  readonly #engine = new FakeEngine();
  readonly #lanes: BothLanes;
  readonly #faults: ReadFaults;
  readonly #torrents: readonly FakeTorrent[];
  readonly #files: OpenFile[] = [];
  readonly #reads: Map<number, ReadUnderWay & { readonly file: OpenFile }> = new Map();
  /** Hashes or reads files: work of other threads, which take their own time. */
  #usesThreads: boolean;
  readonly #failed: Record<string, number> = {};

  constructor(seed: number) {
    const random = new Random(seed);
    this.#random = random;
    const assemblyLimit = random.pick([4, 64]);
    this.#usesThreads = random.chance(0.1);
    this.#lanes = new BothLanes({
      engine: this.#engine,
      cacheBytes: random.pick([0, 256 * KiB, MiB, 2 * MiB, 4 * MiB, 16 * MiB]),
      readAheadBytes: random.pick([0, MiB, 32 * MiB]),
      assemblyLimit,
      verifyAll: this.#usesThreads,
    });
    this.#engine.chunkBytes = random.pick([4_000, 16 * KiB, 64 * KiB, MiB]);
    if (random.chance(0.5)) this.#engine.latency = async () => undefined;
    this.#faults = new ReadFaults({
      engine: this.#engine,
      clock: this.#lanes.clock,
      random,
      isCrowded: () => this.#lanes.reader.statistics().assemblies >= assemblyLimit / 2,
    });
    this.#torrents = [0, 1].map(index => this.#addTorrent(`torrent ${index}`, seed * 2 + index));
  }

  /** @returns how many READs each lane answered, and how many failed with which errno */
  async run(operations: number): Promise<Record<string, number>> {
    try {
      await this.#operateAll(operations);
      await this.#recover();
      await this.#checkNothingHeld();
      return { ...this.#lanes.readsAnswered, ...this.#failed };
    } finally {
      await this.#lanes.stop();
    }
  }

  async #operateAll(operations: number): Promise<void> {
    const nodes = await this.#lookUpFiles();
    for (let operation = 0; operation < operations; operation++) {
      await this.#operate(nodes);
      if (this.#reads.size > 8 || this.#random.chance(0.3)) await settle();
      if (this.#reads.size > 30) await this.#recover();
      if (this.#lanes.problems.length > 0) throw new Error(this.#lanes.problems[0]);
    }
  }

  async #operate(nodes: readonly FileNode[]): Promise<void> {
    const random = this.#random;
    const dice = random.below(100);
    const file = this.#files.length > 0 ? random.pick(this.#files) : undefined;
    if (file === undefined || (dice < 2 && this.#files.length < 8)) await this.#open(random.pick(nodes));
    else if (dice < 3) await this.#release(file);
    else if (dice < 6) await this.#interrupt();
    else if (dice < 11) this.#faults.disturb(file.torrent, file.fileIndex);
    else this.#read(file);
  }

  async #open({ torrent, fileIndex, node }: FileNode): Promise<void> {
    const { length } = torrent.file(fileIndex);
    const flags = this.#random.chance(0.2) ? OpenFlag.NONBLOCK : 0;
    const reply = await this.#lanes.ask(Opcode.OPEN, node, openRows(flags));
    const handle = Number(reply.readBigUInt64LE(0));
    this.#files.push({ torrent, fileIndex, node, handle, flags, cursors: [0, this.#random.below(length)] });
  }

  /** Also while it is read, which the kernel does not do to us. */
  async #release(file: OpenFile): Promise<void> {
    this.#files.splice(this.#files.indexOf(file), 1);
    for (const read of this.#reads.values()) if (read.file === file) read.isReleased = true;
    await this.#lanes.ask(Opcode.RELEASE, file.node, releaseRows(file.handle));
  }

  /** One that waits, which then ends, or one that was answered a while ago, or never was. */
  async #interrupt(): Promise<void> {
    const unique = this.#random.pick([...this.#reads.keys(), 2 * this.#random.below(1000)]);
    const read = this.#reads.get(unique);
    if (read !== undefined) read.isInterrupted = true;
    this.#lanes.interrupt(unique);
    for (let turn = 0; turn < 3; turn++) await settle();
    if (read !== undefined && this.#reads.has(unique)) this.#blame('no answer to its interruption', read);
  }

  #read(file: OpenFile): void {
    const random = this.#random;
    const { length } = file.torrent.file(file.fileIndex);
    const which = random.below(2) as 0 | 1;
    const offset = random.chance(0.7) ? file.cursors[which] : random.below(length + 10);
    const size = 1 + random.below(random.pick([16, 4 * KiB, 64 * KiB, 64 * KiB, 128 * KiB, MiB]));
    file.cursors[which] = (offset + size) % length;
    this.#startRead(file, offset, size);
  }

  #startRead(file: OpenFile, offset: number, size: number): void {
    const { torrent, fileIndex, node, handle, flags } = file;
    const wanted = torrent.fileBytes(fileIndex).subarray(offset, offset + size);
    const place = { torrent, fileIndex, offset, length: wanted.length };
    const nonBlocking = flags !== 0;
    const since = this.#faults.now(place);
    const read = { ...place, file, nonBlocking, since, isInterrupted: false, isReleased: false };
    let unique: number | undefined;
    let isOver = false;
    unique = this.#lanes.send(Opcode.READ, node, readRows(handle, offset, size, flags), ({ errno, body }) => {
      isOver = true;
      if (unique !== undefined) this.#reads.delete(unique);
      if (errno !== 0) this.#judgeError(errno, read);
      else if (!areEqual(body, wanted)) this.#blame(`other bytes than the ${wanted.length} of the payload`, read);
    });
    if (!isOver) this.#reads.set(unique, read);
  }

  #judgeError(errno: number, read: ReadUnderWay): void {
    this.#failed[errno] = (this.#failed[errno] ?? 0) + 1;
    if (!this.#faults.explain(errno, read)) this.#blame(`errno ${errno}, which nothing explains`, read);
  }

  #blame(what: string, { torrent, fileIndex, offset, length }: ReadUnderWay): void {
    const where = `${length} bytes at ${offset} of file ${fileIndex} of ${torrent.details.name}`;
    this.#lanes.problems.push(`a read of ${where} gave ${what}`);
  }

  async #recover(): Promise<void> {
    this.#faults.end(this.#torrents);
    const { clock } = this.#lanes;
    const endMs = clock.now() + 20_000;
    for (let turn = 0; this.#reads.size > 0; turn++) {
      await settle();
      if (turn % 50 < 49) continue;
      const isLate = clock.now() >= endMs;
      // Hashing and disks take real time: it passes with the clock's, and in the end as slowly.
      if (this.#usesThreads) await delay(isLate ? 100 : 2);
      if (isLate && !(this.#usesThreads && clock.now() < endMs + 8_000)) {
        throw new Error(`reads that never ended: ${this.#describeWaiting()}`);
      }
      // What broke is tried again when time passes; far less of it than a deadline.
      clock.advance(100);
    }
  }

  #describeWaiting(): string {
    const handles = this.#lanes.reader.snapshot().filter(handle => handle.waiting.length > 0);
    const streams = [...this.#engine.openStreams].map(({ position, endExclusive }) => [position, endExclusive]);
    return JSON.stringify({ handles, streams, statistics: this.#lanes.reader.statistics() });
  }

  async #checkNothingHeld(): Promise<void> {
    const { reader, shared, clock, problems } = this.#lanes;
    const waiting = reader.snapshot().flatMap(handle => handle.waiting);
    for (const file of [...this.#files]) await this.#release(file);
    await reader.stop();
    shared.cache.checkInvariants();
    const { traffic: _, cache: __, refusedReads: ___, ...gauges } = reader.statistics();
    const held = Object.entries({
      ...gauges,
      waiting: waiting.length,
      tableHandles: shared.handles.openCount,
      unanswered: this.#lanes.unanswered,
      timers: clock.pendingTimers,
      streams: this.#engine.openStreams.size,
    }).filter(([, value]) => value !== 0);
    if (held.length > 0) problems.push(`left over: ${JSON.stringify(held)}`);
    if (problems.length > 0) throw new Error(problems[0]);
  }

  #addTorrent(title: string, seed: number): FakeTorrent {
    const random = this.#random;
    const files = Array.from({ length: random.below(3) + 1 }, (_, index) => ({
      path: [`${index}`],
      length: 1 + random.below(random.pick([10, 100 * KiB, MiB, 2 * MiB])),
    }));
    const pieceLength = random.pick([16 * KiB, 256 * KiB, MiB]);
    const torrent = this.#engine.addTorrent({ name: title, files, pieceLength, seed });
    torrent.hold(...somePieces(torrent, random, 0.5));
    if (random.chance(0.2)) this.#layOut(torrent);
    return torrent;
  }

  /** The files are on this machine, some of their bytes changed by somebody. */
  #layOut(torrent: FakeTorrent): void {
    this.#usesThreads = true;
    const folder = join(this.#lanes.harness.dir, torrent.details.name);
    mkdirSync(folder);
    for (const { index, length } of torrent.details.files) {
      const bytes = Buffer.from(torrent.fileBytes(index));
      for (let change = this.#random.below(3); change > 0; change--) {
        const at = this.#random.below(length);
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      }
      writeFileSync(join(folder, `${index}`), bytes);
    }
    torrent.setLocalFiles(file => join(folder, `${file.index}`), { mustVerify: true });
  }

  async #lookUpFiles(): Promise<FileNode[]> {
    const { root } = this.#lanes.harness;
    while (root.all().length < this.#torrents.length) await settle();
    const nodes: FileNode[] = [];
    for (const torrent of this.#torrents) {
      const { node: folder } = await this.#lookUp(ROOT_NODE, torrent.details.name);
      for (const { index, length } of torrent.details.files) {
        const { node, size } = await this.#lookUp(folder, `${index}`);
        if (size !== length) throw new Error(`${index} has ${size} bytes in place of ${length}`);
        nodes.push({ torrent, fileIndex: index, node });
      }
    }
    return nodes;
  }

  async #lookUp(parent: number, entry: string): Promise<{ node: number; size: number }> {
    const reply = await this.#lanes.ask(Opcode.LOOKUP, parent, [name(entry)]);
    return { node: Number(reply.readBigUInt64LE(0)), size: Number(reply.readBigUInt64LE(48)) };
  }
}

interface FileNode {
  readonly torrent: FakeTorrent;
  readonly fileIndex: number;
  readonly node: number;
}

/** Lets happen what is due. */
function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

function areEqual(parts: ReplyParts, wanted: Uint8Array): boolean {
  let at = 0;
  for (const part of parts) {
    if (Buffer.compare(part, wanted.subarray(at, at + part.length)) !== 0) return false;
    at += part.length;
  }
  return at === wanted.length;
}
