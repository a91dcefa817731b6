import type { Logger } from '../util/logger.ts';
import { errnoName } from './abi/errno.ts';
import { OpenFlag, OpenReplyFlag, SetAttributeFlag } from './abi/flags.ts';
import { Opcode, opcodeName } from './abi/opcodes.ts';
import { StructSize } from './abi/struct-sizes.ts';
import type { ReplyParts } from './codec/reply-encoder.ts';
import type { RequestFrame } from './codec/request-frame.ts';

/** Watches a dispatcher. */
export interface Trace {
  request(frame: RequestFrame): void;
  reply(frame: RequestFrame, parts: ReplyParts): void;
}

/** One debug line for each request and each reply, read straight from their bytes; nothing while nobody wants debug lines. */
export class LoggingTrace implements Trace {
  readonly #logger: Logger;
  readonly #lane: string;

  constructor(logger: Logger, lane: string) {
    this.#logger = logger;
    this.#lane = lane;
  }

  request(frame: RequestFrame): void {
    if (this.#logger.debugEnabled) this.#logger.debug({ lane: this.#lane }, describeRequest(frame));
  }

  reply(frame: RequestFrame, parts: ReplyParts): void {
    if (this.#logger.debugEnabled) this.#logger.debug({ lane: this.#lane }, describeReply(frame, parts));
  }
}

/** Such as `READ #12 node 4 pid 77: handle 1 offset 0 size 131072 flags RDONLY|NONBLOCK`. */
export function describeRequest(frame: RequestFrame): string {
  const head = `${opcodeName(frame.opcode)} #${frame.unique} node ${frame.node} pid ${frame.pid}`;
  const describe = bodies[frame.opcode];
  if (describe === undefined) return head;
  try {
    return `${head}: ${describe(frame)}`;
  } catch {
    return `${head}: malformed`;
  }
}

/** Such as `READ #12 -> 131072 bytes`, or `LOOKUP #13 -> ENOENT`. */
export function describeReply(frame: RequestFrame, parts: ReplyParts): string {
  const header = parts[0];
  const head = `${opcodeName(frame.opcode)} #${frame.unique} ->`;
  if (header === undefined) return head;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const errno = -view.getInt32(4, true);
  if (errno !== 0) return `${head} ${errnoName(errno)}`;
  const opens = frame.opcode === Opcode.OPEN || frame.opcode === Opcode.OPENDIR;
  const flags = opens ? ` flags ${flagNames(view.getUint32(24, true), OpenReplyFlag)}` : '';
  return `${head} ${view.getUint32(0, true) - StructSize.OUT_HEADER} bytes${flags}`;
}

/** What is told of the bodies of the requests that are most often looked for. */
const bodies: Readonly<Record<number, (frame: RequestFrame) => string>> = {
  [Opcode.LOOKUP]: frame => nameAt(frame, 0),
  [Opcode.FORGET]: frame => `count ${frame.u64(0)}`,
  [Opcode.SETATTR]: frame => `sets ${flagNames(frame.u32(0), SetAttributeFlag)} size ${frame.place(16)}`,
  [Opcode.OPEN]: frame => `flags ${openFlagNames(frame.u32(0))}`,
  [Opcode.READ]: frame => `${describeRange(frame)} flags ${openFlagNames(frame.u32(32))}`,
  [Opcode.WRITE]: describeRange,
  [Opcode.RELEASE]: frame => `handle ${frame.u64(0)}`,
  [Opcode.FLUSH]: frame => `handle ${frame.u64(0)}`,
  [Opcode.GETXATTR]: frame => `${nameAt(frame, StructSize.GETXATTR_IN)} size ${frame.u32(0)}`,
  [Opcode.READDIR]: describeRange,
  [Opcode.READDIRPLUS]: describeRange,
  [Opcode.LSEEK]: frame => `handle ${frame.u64(0)} offset ${frame.place(8)} whence ${frame.u32(16)}`,
  [Opcode.INTERRUPT]: frame => `of #${frame.u64(0)}`,
  [Opcode.BATCH_FORGET]: frame => `${frame.u32(0)} nodes`,
  [Opcode.CREATE]: frame => `${nameAt(frame, StructSize.CREATE_IN)} flags ${openFlagNames(frame.u32(0))}`,
  [Opcode.MKDIR]: frame => nameAt(frame, StructSize.MKDIR_IN),
  [Opcode.UNLINK]: frame => nameAt(frame, 0),
  [Opcode.RMDIR]: frame => nameAt(frame, 0),
  [Opcode.RENAME]: frame => nameAt(frame, StructSize.RENAME_IN),
  [Opcode.RENAME2]: frame => nameAt(frame, StructSize.RENAME2_IN),
};

function describeRange(frame: RequestFrame): string {
  return `handle ${frame.u64(0)} offset ${frame.place(8)} size ${frame.u32(16)}`;
}

/** Quoted, so that a hostile name cannot write lines of its own. */
function nameAt(frame: RequestFrame, offset: number): string {
  return JSON.stringify(Buffer.from(frame.name(offset)).toString('utf8'));
}

function openFlagNames(flags: number): string {
  const access = ['RDONLY', 'WRONLY', 'RDWR'][flags & OpenFlag.ACCMODE] ?? 'ACCMODE';
  const { ACCMODE, WRONLY: _w, RDWR: _r, ...others } = OpenFlag;
  const rest = flagNames(flags & ~ACCMODE, others);
  return rest === '0' ? access : `${access}|${rest}`;
}

/** The names of the bits that are set, unknown ones as one octal number. */
function flagNames(flags: number, names: Readonly<Record<string, number>>): string {
  const set = Object.entries(names).filter(([, bit]) => (flags & bit) !== 0);
  const unknown = set.reduce((left, [, bit]) => left & ~bit, flags);
  const parts = set.map(([name]) => name);
  if (unknown !== 0 || parts.length === 0) parts.push(unknown === 0 ? '0' : `0${(unknown >>> 0).toString(8)}`);
  return parts.join('|');
}
