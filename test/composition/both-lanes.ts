import { bodyBytesOfReply, errnoOfReply, type ReplyParts } from '../../src/fuse/codec/reply-encoder.ts';
import { RequestFrame } from '../../src/fuse/codec/request-frame.ts';
import { Dispatcher } from '../../src/fuse/dispatcher.ts';
import type { FastLane } from '../../src/fuse/filesystem.ts';
import { MAX_TRANSFER_BYTES } from '../../src/fuse/handshake.ts';
import createFuseLane from '../../src/mount/fuse-lane.ts';
import { SharedLanes } from '../../src/mount/shared-lanes.ts';
import { createReader, type ReaderOptions } from '../../src/read/create-reader.ts';
import type { TorrentReader } from '../../src/read/torrent-reader.ts';
import { type Logger, silentLogger } from '../../src/util/logger.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import type { FakeEngine } from '../fakes/fake-engine.ts';
import { type Row, request, u64 } from '../fixtures/fuse-frames.ts';
import { SlowLaneHarness } from '../fs/slow-lane-harness.ts';

type Lane = 'fast' | 'slow';

export interface Reply {
  /** 0 for success. */
  readonly errno: number;
  /** What follows the header, in the pieces in which writev gets it; theirs only during the call. */
  readonly body: ReplyParts;
}

export interface BothLanesOptions extends ReaderOptions {
  readonly engine: FakeEngine;
  readonly cacheBytes: number;
}

/**
 * Both lanes of a mount over a fake engine, made of the parts that `mount` makes them of, in one thread, with the test for a
 * kernel: frames in, frames out. As between the threads, forwarded frames are copies that arrive later, in their order.
 */
export class BothLanes {
  readonly clock = new FakeClock();
  readonly reader: TorrentReader;
  readonly harness: SlowLaneHarness;
  readonly shared: SharedLanes;
  /** READs that each lane answered with bytes. */
  readonly readsAnswered: Record<Lane, number> = { fast: 0, slow: 0 };
  /** What must never happen. */
  readonly problems: string[] = [];
  readonly #fastLane: FastLane;
  readonly #dispatchers: Record<Lane, Dispatcher>;
  /** Of the session: every request is read into it. */
  readonly #frame = new RequestFrame(new ArrayBuffer(MAX_TRANSFER_BYTES + 4096));
  readonly #forwarded: ArrayBuffer[] = [];
  readonly #waiting: Map<number, (reply: Reply) => void> = new Map();
  #unique = 0;

  constructor({ engine, cacheBytes, ...readerOptions }: BothLanesOptions) {
    const attributes = { uid: 0, gid: 0, umask: 0, readOnly: false };
    this.shared = new SharedLanes({ attributes, cacheBytes });
    const { cache, handles, trees } = this.shared;
    this.reader = createReader({ engine, cache, handles, clock: this.clock }, readerOptions);
    this.shared.onTouched(handle => this.reader.touched(handle));
    this.harness = new SlowLaneHarness({ engine, trees, reader: this.reader });
    const logger = loudLogger(this.problems);
    this.#fastLane = createFuseLane({ data: this.shared.fastLane.data, logger }) as FastLane; // no promise: nothing to load
    this.#dispatchers = {
      fast: this.#dispatcher('fast', this.#fastLane, logger),
      slow: this.#dispatcher('slow', this.harness.lane, logger),
    };
  }

  /** Requests without a reply. */
  get unanswered(): number {
    return this.#waiting.size;
  }

  /** @returns the number of the request, by which to {@link interrupt} it */
  send(opcode: number, node: number, rows: readonly Row[], settle: (reply: Reply) => void): number {
    this.#unique += 2;
    this.#waiting.set(this.#unique, settle);
    this.#receive(request(opcode, rows, this.#unique, node));
    return this.#unique;
  }

  /** @returns the body of the reply */
  ask(opcode: number, node: number, rows: readonly Row[]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.send(opcode, node, rows, ({ errno, body }) => {
        if (errno === 0) resolve(Buffer.concat(body));
        else reject(new Error(`request ${opcode} failed with errno ${errno}`));
      });
    });
  }

  /** A request that gets no reply. */
  tell(opcode: number, node: number, rows: readonly Row[]): void {
    this.#unique += 2;
    this.#receive(request(opcode, rows, this.#unique, node));
  }

  interrupt(unique: number): void {
    this.#receive(request(36, [u64(unique)], unique + 1));
  }

  async stop(): Promise<void> {
    await this.reader.stop();
    await this.harness.discard();
    this.shared.close();
  }

  #receive(bytes: Uint8Array): void {
    this.#frame.bytes.set(bytes);
    this.#fastLane.beforeRequest?.();
    this.#frame.load(bytes.length);
    this.#dispatchers.fast.dispatch(this.#frame);
  }

  #dispatcher(lane: Lane, filesystem: FastLane, logger: Logger): Dispatcher {
    const forward = lane === 'fast' ? (frame: RequestFrame) => this.#forward(frame) : undefined;
    return new Dispatcher({ lane, filesystem, logger, forward, replies: { write: parts => this.#take(lane, parts) } });
  }

  #forward(frame: RequestFrame): void {
    if (this.#forwarded.push(frame.copy()) > 1) return;
    setImmediate(() => {
      for (const buffer of this.#forwarded.splice(0)) {
        const copy = new RequestFrame(buffer);
        copy.load(copy.statedLength);
        this.#dispatchers.slow.dispatch(copy);
      }
    });
  }

  #take(lane: Lane, parts: ReplyParts): void {
    const [first, ...rest] = parts;
    if (first === undefined) return void this.problems.push('an empty reply');
    const header = new DataView(first.buffer, first.byteOffset, first.byteLength);
    const unique = header.getUint32(8, true) + header.getUint32(12, true) * 2 ** 32;
    const settle = this.#waiting.get(unique);
    if (settle === undefined) return void this.problems.push(`a reply to ${unique}, which nobody waits for`);
    this.#waiting.delete(unique);
    const length = bodyBytesOfReply(parts) + 16;
    if (header.getUint32(0, true) !== length) this.problems.push(`${length} bytes that say they are others`);
    const errno = errnoOfReply(parts);
    if (errno === 0 && rest.length > 0) this.readsAnswered[lane]++;
    settle({ errno, body: [first.subarray(16), ...rest] });
  }
}

/** A dispatcher logs what it did not expect. */
function loudLogger(problems: string[]): Logger {
  return { ...silentLogger, error: ({ error }, message) => problems.push(`${message}: ${error}`) };
}
