import { NotifyCode } from '../abi/opcodes.ts';
import { StructSize } from '../abi/struct-sizes.ts';
import type { NodeId } from '../filesystem.ts';

/** `fuse_notify_inval_inode_out`: cached pages from `offset` on are dropped, `length` bytes or, with 0, all. */
export function encodeInvalidateInode(node: NodeId, offset: number, length: number): Uint8Array {
  const { bytes, body } = notification(NotifyCode.INVAL_INODE, StructSize.NOTIFY_INVAL_INODE_OUT);
  body.setBigUint64(0, BigInt(node), true);
  body.setBigInt64(8, BigInt(offset), true);
  body.setBigInt64(16, BigInt(length), true);
  return bytes;
}

/** `fuse_notify_inval_entry_out` and the name: what the kernel remembers of a name, absence too, is dropped. */
export function encodeInvalidateEntry(parent: NodeId, name: Uint8Array): Uint8Array {
  const size = StructSize.NOTIFY_INVAL_ENTRY_OUT + name.length + 1;
  const { bytes, body } = notification(NotifyCode.INVAL_ENTRY, size);
  body.setBigUint64(0, BigInt(parent), true);
  body.setUint32(8, name.length, true);
  bytes.set(name, StructSize.OUT_HEADER + StructSize.NOTIFY_INVAL_ENTRY_OUT);
  return bytes;
}

/** A `fuse_out_header` with unique 0, and the code where a reply has its error. */
function notification(code: number, bodySize: number): { bytes: Uint8Array; body: DataView } {
  const bytes = new Uint8Array(StructSize.OUT_HEADER + bodySize);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, bytes.length, true);
  header.setInt32(4, code, true);
  return { bytes, body: new DataView(bytes.buffer, StructSize.OUT_HEADER) };
}
