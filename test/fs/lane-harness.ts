import { RequestFrame } from '../../src/fuse/codec/request-frame.ts';
import { Dispatcher } from '../../src/fuse/dispatcher.ts';
import type { FastLane } from '../../src/fuse/filesystem.ts';
import { silentLogger } from '../../src/util/logger.ts';

/** `fuse_attr`, as far as anybody looks. */
export interface SeenAttributes {
  readonly inode: bigint;
  readonly size: number;
  readonly blocks: number;
  readonly mtimeSeconds: number;
  /** Octal, as `stat` shows it. */
  readonly mode: string;
  readonly linkCount: number;
  readonly uid: number;
  readonly gid: number;
}

/** `fuse_entry_out`. */
export interface SeenEntry {
  readonly node: number;
  readonly entryValidSeconds: number;
  readonly validSeconds: number;
  readonly attributes: SeenAttributes;
}

export interface SeenDirent {
  readonly name: string;
  readonly cookie: number;
  readonly inode: bigint;
  readonly type: number;
  /** Of READDIRPLUS. */
  readonly entry: SeenEntry | undefined;
}

/** What came of a request: a reply's body, an errno by number, or the other lane has it. */
export type Outcome = Buffer | number | 'forwarded';

/** Plays the kernel to a fast lane: frames in, frames out, through the dispatcher that the mount uses. */
export class LaneHarness {
  readonly #dispatcher: Dispatcher;
  readonly #beforeRequest: (() => void) | undefined;
  #outcome: Outcome | undefined;

  constructor(filesystem: FastLane) {
    this.#beforeRequest = filesystem.beforeRequest?.bind(filesystem);
    this.#dispatcher = new Dispatcher({
      lane: 'fast',
      filesystem,
      logger: silentLogger,
      replies: { write: parts => this.#settle(outcomeOf(Buffer.concat(parts))) },
      forward: () => this.#settle('forwarded'),
    });
  }

  /** Undefined for a request that gets no reply. */
  request(opcode: number, node: number, ...body: readonly Uint8Array[]): Outcome | undefined {
    const bytes = Buffer.concat(body);
    const frame = Buffer.alloc(Math.ceil((40 + bytes.length) / 8) * 8);
    frame.writeUInt32LE(40 + bytes.length, 0);
    frame.writeUInt32LE(opcode, 4);
    frame.writeBigUInt64LE(6n, 8);
    frame.writeBigUInt64LE(BigInt(node), 16);
    frame.set(bytes, 40);
    const loaded = new RequestFrame(new Uint8Array(frame).buffer);
    loaded.load(40 + bytes.length);
    this.#outcome = undefined;
    this.#beforeRequest?.();
    this.#dispatcher.dispatch(loaded);
    return this.#outcome;
  }

  /** @returns an errno when there is none */
  lookup(parent: number, name: string | Uint8Array): SeenEntry | number | 'forwarded' {
    return decoded(this.request(1, parent, Buffer.from(name), Buffer.alloc(1)), body => entryAt(body, 0));
  }

  forget(node: number, count: number): void {
    this.request(2, node, u64(count));
  }

  getattr(node: number): SeenAttributes | number | 'forwarded' {
    return decoded(this.request(3, node, Buffer.alloc(16)), body => attributesAt(body, 16));
  }

  /** One READDIR or READDIRPLUS. */
  readdir(node: number, { cookie = 0, size = 4096, plus = false } = {}): readonly SeenDirent[] | number | 'forwarded' {
    const body = [u64(0), u64(cookie), u32(size), Buffer.alloc(20)];
    return decoded(this.request(plus ? 44 : 28, node, ...body), bytes => [...dirents(bytes, plus)]);
  }

  /** Calls {@link readdir} until it gives no more. */
  list(node: number, options: { size?: number; plus?: boolean } = {}): SeenDirent[] {
    const all: SeenDirent[] = [];
    for (;;) {
      const page = this.readdir(node, { cookie: all.at(-1)?.cookie ?? 0, ...options });
      if (!Array.isArray(page)) throw new Error(`readdir: ${page}`);
      if (page.length === 0) return all;
      all.push(...page);
    }
  }

  #settle(outcome: Outcome): void {
    if (this.#outcome !== undefined) throw new Error('a request was answered twice');
    this.#outcome = outcome;
  }
}

export function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function outcomeOf(reply: Buffer): Outcome {
  if (reply.readUInt32LE(0) !== reply.length) throw new Error('a reply states another length');
  const errno = -reply.readInt32LE(4);
  return errno === 0 ? Buffer.from(reply.subarray(16)) : errno;
}

function decoded<T>(outcome: Outcome | undefined, decode: (body: Buffer) => T): T | number | 'forwarded' {
  if (outcome === undefined) throw new Error('no reply');
  return Buffer.isBuffer(outcome) ? decode(outcome) : outcome;
}

function entryAt(body: Buffer, at: number): SeenEntry {
  return {
    node: Number(body.readBigUInt64LE(at)),
    entryValidSeconds: Number(body.readBigUInt64LE(at + 16)),
    validSeconds: Number(body.readBigUInt64LE(at + 24)),
    attributes: attributesAt(body, at + 40),
  };
}

function attributesAt(body: Buffer, at: number): SeenAttributes {
  return {
    inode: body.readBigUInt64LE(at),
    size: Number(body.readBigUInt64LE(at + 8)),
    blocks: Number(body.readBigUInt64LE(at + 16)),
    mtimeSeconds: Number(body.readBigUInt64LE(at + 32)),
    mode: body.readUInt32LE(at + 60).toString(8),
    linkCount: body.readUInt32LE(at + 64),
    uid: body.readUInt32LE(at + 68),
    gid: body.readUInt32LE(at + 72),
  };
}

function* dirents(body: Buffer, plus: boolean): Generator<SeenDirent> {
  for (let at = 0; at < body.length; ) {
    const entry = plus ? entryAt(body, at) : undefined;
    const dirent = at + (plus ? 128 : 0);
    const nameLength = body.readUInt32LE(dirent + 16);
    yield {
      name: body.toString('utf8', dirent + 24, dirent + 24 + nameLength),
      cookie: Number(body.readBigUInt64LE(dirent + 8)),
      inode: body.readBigUInt64LE(dirent),
      type: body.readUInt32LE(dirent + 20),
      entry,
    };
    at = Math.ceil((dirent + 24 + nameLength) / 8) * 8;
  }
}
