import { Errno } from '../abi/errno.ts';
import { SetAttributeFlag } from '../abi/flags.ts';
import { StructSize } from '../abi/struct-sizes.ts';
import {
  type AttributeChange,
  ErrnoError,
  type ReadDirectoryRequest,
  type ReadRequest,
  type RenameRequest,
  type SeekRequest,
  type WriteRequest,
} from '../filesystem.ts';
import type { RequestFrame } from './request-frame.ts';

/** The bodies that need more than one field, from their structs in `linux/fuse.h`. */

/** `fuse_read_in`. The result is the frame's own object. */
export function decodeRead(frame: RequestFrame): ReadRequest {
  const request = frame.readRequest;
  request.node = frame.node;
  request.handle = frame.u64(0);
  request.offset = frame.place(8);
  request.size = frame.u32(16);
  request.flags = frame.u32(32);
  return request;
}

/** `fuse_read_in`, of which a directory takes no flags. */
export function decodeReadDirectory(frame: RequestFrame, plus: boolean): ReadDirectoryRequest {
  return { node: frame.node, handle: frame.u64(0), cookie: frame.u64(8), plus };
}

/** Bytes that the reply to READDIR may have. */
export function readDirectorySize(frame: RequestFrame): number {
  return frame.u32(16);
}

/** `fuse_write_in` and the data. */
export function decodeWrite(frame: RequestFrame): WriteRequest {
  return {
    node: frame.node,
    handle: frame.u64(0),
    offset: frame.place(8),
    data: frame.data(StructSize.WRITE_IN, frame.u32(16)),
  };
}

/** `fuse_lseek_in`. */
export function decodeSeek(frame: RequestFrame): SeekRequest {
  return { node: frame.node, handle: frame.u64(0), offset: frame.place(8), whence: frame.u32(16) };
}

/** `fuse_setattr_in`. Setting a time to now sets its plain flag too. */
export function decodeSetAttributes(frame: RequestFrame): AttributeChange {
  const valid = frame.u32(0);
  return {
    size: valid & SetAttributeFlag.SIZE ? frame.place(16) : undefined,
    mode: valid & SetAttributeFlag.MODE ? frame.u32(68) : undefined,
    uid: valid & SetAttributeFlag.UID ? frame.u32(76) : undefined,
    gid: valid & SetAttributeFlag.GID ? frame.u32(80) : undefined,
    atime: (valid & SetAttributeFlag.ATIME) !== 0,
    mtime: (valid & SetAttributeFlag.MTIME) !== 0,
  };
}

/** `fuse_rename_in`, or `fuse_rename2_in` with flags, and two names. */
export function decodeRename(frame: RequestFrame, structSize: number): RenameRequest {
  const name = frame.name(structSize);
  return {
    parent: frame.node,
    name,
    newParent: frame.u64(0),
    newName: frame.name(structSize + name.length + 1),
    flags: structSize === StructSize.RENAME2_IN ? frame.u32(8) : 0,
  };
}

/** `fuse_setxattr_in`, a name and a value. */
export function decodeSetXattr(frame: RequestFrame): { name: string; value: Uint8Array; flags: number } {
  const name = frame.name(StructSize.SETXATTR_IN);
  return {
    name: xattrName(name),
    value: frame.data(StructSize.SETXATTR_IN + name.length + 1, frame.u32(0)),
    flags: frame.u32(4),
  };
}

export function decodeXattrName(frame: RequestFrame, structSize: number): string {
  return xattrName(frame.name(structSize));
}

/** `fuse_batch_forget_in`: calls `each` for every `fuse_forget_one`. */
export function eachForgotten(frame: RequestFrame, each: (node: number, count: number) => void): void {
  const count = frame.u32(0);
  if (frame.length < StructSize.IN_HEADER + StructSize.BATCH_FORGET_IN + count * StructSize.FORGET_ONE) {
    throw new ErrnoError(Errno.EINVAL, 'malformed request');
  }
  for (let index = 0; index < count; index++) {
    const offset = StructSize.BATCH_FORGET_IN + index * StructSize.FORGET_ONE;
    each(frame.u64(offset), frame.u64(offset + 8));
  }
}

/** `fuse_interrupt_in`: the unique of the request that is meant. A malformed one means none: 0 is no request's. */
export function decodeInterrupt(frame: RequestFrame): number {
  const wellFormed = frame.length >= StructSize.IN_HEADER + StructSize.INTERRUPT_IN;
  return wellFormed ? frame.u32(4) * 2 ** 32 + frame.u32(0) : 0;
}

/** Names of attributes are text in every filesystem that matters; one that is not names no attribute of ours. */
function xattrName(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
