import { expect, test } from 'vitest';
import { encodeInvalidateEntry, encodeInvalidateInode } from '../../../src/fuse/codec/notification.ts';
import { i32, name, u32, u64 } from '../../fixtures/fuse-frames.ts';

test('inval_inode, field by field', () => {
  expect(Buffer.from(encodeInvalidateInode(0x1_0000_0002, 0, -1))).toEqual(
    Buffer.concat([
      u32(40), // len
      i32(2), // error: FUSE_NOTIFY_INVAL_INODE
      u64(0), // unique
      u64(0x1_0000_0002), // ino
      u64(0), // off
      u64(-1), // len
    ]),
  );
});

test('inval_entry, field by field', () => {
  expect(Buffer.from(encodeInvalidateEntry(1, Buffer.from('straße')))).toEqual(
    Buffer.concat([
      u32(16 + 16 + 8), // len
      i32(3), // error: FUSE_NOTIFY_INVAL_ENTRY
      u64(0), // unique
      u64(1), // parent
      u32(7), // namelen: bytes, without the zero
      u32(0), // flags
      name('straße'), // name
    ]),
  );
});
