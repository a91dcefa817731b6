import { Errno } from './abi/errno.ts';
import { Opcode } from './abi/opcodes.ts';
import { StructSize } from './abi/struct-sizes.ts';
import * as decode from './codec/decode-request.ts';
import { type ReplyEncoder, type ReplyParts, sliceBytes } from './codec/reply-encoder.ts';
import type { RequestFrame } from './codec/request-frame.ts';
import {
  type Answer,
  type AttributeChange,
  type AttributesReply,
  type Entry,
  ErrnoError,
  type FastLane,
  FORWARD,
  type Forwardable,
  type OpenReply,
  type ReadReply,
  type RequestContext,
} from './filesystem.ts';
import { answer, type Operation, operation, refusal, type With } from './operation.ts';

/** The largest listing that is packed for one READDIR; the kernel asks for a page, or for less than this. */
const MAX_LISTING_BYTES = 1 << 20;

/** All that the kernel can ask but INIT, which `handshake.ts` answers, and INTERRUPT, which concerns another request. */
export const operationTable: ReadonlyMap<number, Operation> = byOpcode([
  operation(Opcode.LOOKUP, 'lookup', {
    call: (fs, context, frame) => fs.lookup(context, frame.node, frame.name(0)),
    encode: encodeEntry,
    absent: Errno.ENOSYS,
  }),
  operation(Opcode.FORGET, 'forget', {
    bodySize: StructSize.FORGET_IN,
    replies: false,
    call: (fs, _context, frame) => fs.forget(frame.node, frame.u64(0)),
    encode: encodeNothing,
    absent: succeed,
  }),
  operation(Opcode.BATCH_FORGET, 'forget', {
    bodySize: StructSize.BATCH_FORGET_IN,
    replies: false,
    call: forgetEach,
    encode: encodeNothing,
    absent: succeed,
  }),
  operation(Opcode.GETATTR, 'getattr', {
    bodySize: StructSize.GETATTR_IN,
    call: (fs, context, frame) => fs.getattr(context, frame.node),
    encode: encodeAttributes,
    absent: Errno.ENOSYS,
  }),
  operation(Opcode.STATX, 'getattr', {
    bodySize: StructSize.STATX_IN,
    call: (fs, context, frame) => fs.getattr(context, frame.node),
    encode: (encoder, frame, reply: AttributesReply) => encoder.statx(frame, reply),
    absent: Errno.ENOSYS,
  }),
  operation(Opcode.SETATTR, 'setattr', {
    bodySize: StructSize.SETATTR_IN,
    call: (fs, context, frame) => fs.setattr(context, frame.node, decode.decodeSetAttributes(frame)),
    encode: encodeAttributes,
    absent: acceptOnlyTimes,
  }),
  operation(Opcode.READLINK, 'readlink', {
    call: (fs, context, frame) => fs.readlink(context, frame.node),
    encode: (encoder, frame, target: Uint8Array) => encoder.data(frame, target),
    absent: Errno.ENOSYS,
  }),
  operation(Opcode.ACCESS, 'access', {
    bodySize: StructSize.ACCESS_IN,
    call: (fs, context, frame) => fs.access(context, frame.node, frame.u32(0)),
    encode: encodeNothing,
    absent: Errno.ENOSYS, // the kernel asks no more, and allows
  }),
  operation(Opcode.STATFS, 'statfs', {
    call: (fs, context, frame) => fs.statfs(context, frame.node),
    encode: (encoder, frame, statistics) => encoder.statfs(frame, statistics),
    absent: Errno.ENOSYS,
  }),

  operation(Opcode.OPEN, 'open', {
    bodySize: StructSize.OPEN_IN,
    call: (fs, context, frame) => fs.open(context, frame.node, frame.u32(0)),
    encode: encodeOpen,
    absent: Errno.ENOSYS,
  }),
  operation(Opcode.READ, 'read', {
    bodySize: StructSize.READ_IN,
    call: (fs, context, frame) => fs.read(context, decode.decodeRead(frame)),
    encode: encodeRead,
    release: reply => reply.release?.(),
    absent: Errno.ENOSYS,
  }),
  operation(Opcode.FLUSH, 'flush', {
    bodySize: StructSize.FLUSH_IN,
    call: (fs, context, frame) => fs.flush(context, frame.node, frame.u64(0)),
    encode: encodeNothing,
    absent: Errno.ENOSYS, // the kernel asks no more, and close(2) succeeds
  }),
  operation(Opcode.FSYNC, 'fsync', {
    bodySize: StructSize.FSYNC_IN,
    call: (fs, context, frame) => fs.fsync(context, frame.node, frame.u64(0)),
    encode: encodeNothing,
    absent: Errno.ENOSYS, // the kernel asks no more, and fsync(2) succeeds
  }),
  operation(Opcode.RELEASE, 'release', {
    bodySize: StructSize.RELEASE_IN,
    call: (fs, context, frame) => fs.release(context, frame.node, frame.u64(0), frame.u32(8)),
    encode: encodeNothing,
    absent: succeed,
  }),
  operation(Opcode.LSEEK, 'lseek', {
    bodySize: StructSize.LSEEK_IN,
    call: (fs, context, frame) => fs.lseek(context, decode.decodeSeek(frame)),
    encode: encodeNumber,
    absent: Errno.ENOSYS, // the kernel asks no more: data everywhere, a hole at the end
  }),

  operation(Opcode.OPENDIR, 'opendir', {
    bodySize: StructSize.OPEN_IN,
    call: (fs, context, frame) => fs.opendir(context, frame.node, frame.u32(0)),
    encode: encodeOpen,
    absent: (): OpenReply => ({ handle: 0, flags: 0, backingId: 0 }),
  }),
  operation(Opcode.READDIR, 'readdir', {
    bodySize: StructSize.READ_IN,
    call: (fs, context, frame) => readDirectory(fs, context, frame, false),
    encode: encodeListing,
    absent: Errno.ENOSYS,
  }),
  operation(Opcode.READDIRPLUS, 'readdir', {
    bodySize: StructSize.READ_IN,
    call: (fs, context, frame) => readDirectory(fs, context, frame, true),
    encode: encodeListing,
    absent: Errno.ENOSYS,
  }),
  operation(Opcode.RELEASEDIR, 'releasedir', {
    bodySize: StructSize.RELEASE_IN,
    call: (fs, context, frame) => fs.releasedir(context, frame.node, frame.u64(0)),
    encode: encodeNothing,
    absent: succeed,
  }),

  operation(Opcode.GETXATTR, 'getxattr', {
    bodySize: StructSize.GETXATTR_IN,
    call: (fs, context, frame) => {
      const name = decode.decodeXattrName(frame, StructSize.GETXATTR_IN);
      return fs.getxattr(context, frame.node, name);
    },
    encode: encodeXattr,
    absent: Errno.ENOSYS, // the kernel asks no more: EOPNOTSUPP
  }),
  operation(Opcode.LISTXATTR, 'listxattr', {
    bodySize: StructSize.GETXATTR_IN,
    call: (fs, context, frame) => fs.listxattr(context, frame.node),
    encode: (encoder, frame, names: readonly string[]) =>
      encodeXattr(encoder, frame, Buffer.from(names.map(name => `${name}\0`).join(''))),
    absent: Errno.ENOSYS,
  }),
  operation(Opcode.SETXATTR, 'setxattr', {
    bodySize: StructSize.SETXATTR_IN,
    call: (fs, context, frame) => {
      const { name, value, flags } = decode.decodeSetXattr(frame);
      return fs.setxattr(context, frame.node, name, value, flags);
    },
    encode: encodeNothing,
    absent: Errno.EROFS,
  }),
  operation(Opcode.REMOVEXATTR, 'removexattr', {
    call: (fs, context, frame) => fs.removexattr(context, frame.node, decode.decodeXattrName(frame, 0)),
    encode: encodeNothing,
    absent: Errno.EROFS,
  }),

  operation(Opcode.CREATE, 'create', {
    bodySize: StructSize.CREATE_IN,
    call: (fs, context, frame) => {
      return fs.create(context, frame.node, frame.name(StructSize.CREATE_IN), frame.u32(0), frame.u32(4));
    },
    encode: (encoder, frame, reply) => encoder.create(frame, reply),
    absent: Errno.EROFS,
  }),
  operation(Opcode.WRITE, 'write', {
    bodySize: StructSize.WRITE_IN,
    call: (fs, context, frame) => fs.write(context, decode.decodeWrite(frame)),
    encode: encodeNumber,
    absent: Errno.EROFS,
  }),
  operation(Opcode.MKDIR, 'mkdir', {
    bodySize: StructSize.MKDIR_IN,
    call: (fs, context, frame) => fs.mkdir(context, frame.node, frame.name(StructSize.MKDIR_IN), frame.u32(0)),
    encode: encodeEntry,
    absent: Errno.EROFS,
  }),
  operation(Opcode.MKNOD, 'mknod', {
    bodySize: StructSize.MKNOD_IN,
    call: (fs, context, frame) => fs.mknod(context, frame.node, frame.name(StructSize.MKNOD_IN), frame.u32(0)),
    encode: encodeEntry,
    absent: Errno.EROFS,
  }),
  operation(Opcode.UNLINK, 'unlink', {
    call: (fs, context, frame) => fs.unlink(context, frame.node, frame.name(0)),
    encode: encodeNothing,
    absent: Errno.EROFS,
  }),
  operation(Opcode.RMDIR, 'rmdir', {
    call: (fs, context, frame) => fs.rmdir(context, frame.node, frame.name(0)),
    encode: encodeNothing,
    absent: Errno.EROFS,
  }),
  operation(Opcode.RENAME, 'rename', {
    bodySize: StructSize.RENAME_IN,
    call: (fs, context, frame) => fs.rename(context, decode.decodeRename(frame, StructSize.RENAME_IN)),
    encode: encodeNothing,
    absent: Errno.EROFS,
  }),
  operation(Opcode.RENAME2, 'rename', {
    bodySize: StructSize.RENAME2_IN,
    call: (fs, context, frame) => fs.rename(context, decode.decodeRename(frame, StructSize.RENAME2_IN)),
    encode: encodeNothing,
    absent: Errno.EROFS,
  }),

  // Changes for which the contract has no method.
  refusal(Opcode.SYMLINK, Errno.EROFS),
  refusal(Opcode.LINK, Errno.EROFS),
  refusal(Opcode.FALLOCATE, Errno.EROFS),
  refusal(Opcode.TMPFILE, Errno.EROFS),
  // Known, and left to the kernel's own fallback, which ENOSYS makes it take from then on.
  refusal(Opcode.FSYNCDIR, Errno.ENOSYS),
  refusal(Opcode.IOCTL, Errno.ENOSYS),
  refusal(Opcode.POLL, Errno.ENOSYS),
  refusal(Opcode.SYNCFS, Errno.ENOSYS),
  refusal(Opcode.COPY_FILE_RANGE, Errno.ENOSYS),
  refusal(Opcode.COPY_FILE_RANGE_64, Errno.ENOSYS),
  // The end of a session shows in the device, not here.
  answer(Opcode.DESTROY, succeed),
]);

function byOpcode(operations: readonly Operation[]): ReadonlyMap<number, Operation> {
  return new Map(operations.map(each => [each.opcode, each]));
}

function succeed(): void {}

/** SETATTR of a filesystem that has none: `touch` and `cp -p` may set times, which changes nothing; the rest is refused. */
function acceptOnlyTimes(fs: FastLane, context: RequestContext, frame: RequestFrame): Answer<AttributesReply> {
  if (!changesOnlyTimes(decode.decodeSetAttributes(frame))) throw new ErrnoError(Errno.EROFS);
  if (fs.getattr === undefined) throw new ErrnoError(Errno.ENOSYS);
  return fs.getattr(context, frame.node);
}

function changesOnlyTimes(change: AttributeChange): boolean {
  return change.mode === undefined && change.uid === undefined && change.gid === undefined && change.size === undefined;
}

function forgetEach(fs: With<'forget'>, _: RequestContext, frame: RequestFrame): Forwardable<void> {
  let declined = false;
  decode.eachForgotten(frame, (node, count) => {
    declined = fs.forget(node, count) === FORWARD || declined;
  });
  if (declined) return FORWARD;
}

function readDirectory(fs: With<'readdir'>, context: RequestContext, frame: RequestFrame, plus: boolean): Answer<void> {
  const request = decode.decodeReadDirectory(frame, plus);
  frame.directory.begin(Math.min(decode.readDirectorySize(frame), MAX_LISTING_BYTES), plus);
  return fs.readdir(context, request, frame.directory);
}

function encodeNothing(encoder: ReplyEncoder, frame: RequestFrame): ReplyParts {
  return encoder.empty(frame);
}

function encodeEntry(encoder: ReplyEncoder, frame: RequestFrame, entry: Entry): ReplyParts {
  return encoder.entry(frame, entry);
}

function encodeAttributes(encoder: ReplyEncoder, frame: RequestFrame, reply: AttributesReply): ReplyParts {
  return encoder.attributes(frame, reply);
}

function encodeOpen(encoder: ReplyEncoder, frame: RequestFrame, reply: OpenReply): ReplyParts {
  return encoder.open(frame, reply);
}

function encodeNumber(encoder: ReplyEncoder, frame: RequestFrame, value: number): ReplyParts {
  return encoder.number(frame, value);
}

function encodeListing(encoder: ReplyEncoder, frame: RequestFrame): ReplyParts {
  return encoder.data(frame, frame.directory.packed());
}

function encodeRead(encoder: ReplyEncoder, frame: RequestFrame, reply: ReadReply): ReplyParts {
  if (sliceBytes(reply) > frame.readRequest.size) throw new Error('read returned more bytes than were asked for');
  return encoder.slices(frame, reply);
}

/** Asked with size 0 the kernel wants to know how long the value is, else the value if it fits. */
function encodeXattr(encoder: ReplyEncoder, frame: RequestFrame, value: Uint8Array): ReplyParts {
  const size = frame.u32(0);
  if (size === 0) return encoder.number(frame, value.length);
  if (value.length > size) throw new ErrnoError(Errno.ERANGE);
  return encoder.data(frame, value);
}
