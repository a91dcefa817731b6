import { expect, test } from 'vitest';
import { ReplyEncoder } from '../../src/fuse/codec/reply-encoder.ts';
import { describeReply, describeRequest } from '../../src/fuse/trace.ts';
import * as frames from '../fixtures/fuse-frames.ts';
import { frameOf } from './frame-of.ts';

const HEAD = `#${frames.UNIQUE} node ${frames.NODE} pid 4321`;

test.each([
  [frames.readFrame, `READ ${HEAD}: handle 77 offset 4294967301 size 131072 flags RDONLY|NONBLOCK`],
  [frames.openFrame, `OPEN ${HEAD}: flags RDONLY|NONBLOCK|0100000`],
  [frames.setattrFrame(0b1_0010_1000), `SETATTR ${HEAD}: sets SIZE|MTIME|MTIME_NOW size 4294967296`],
  [frames.request(1, [frames.name('a\nb')]), `LOOKUP ${HEAD}: "a\\nb"`],
  [frames.request(1), `LOOKUP ${HEAD}: malformed`],
  [frames.request(99), `opcode 99 ${HEAD}`],
])('a request is one line with its flags spelled out', (bytes, line) => {
  expect(describeRequest(frameOf(bytes))).toBe(line);
});

test('a reply is one line: its size and open flags, or the name of its errno', () => {
  const encoder = new ReplyEncoder();
  const open = frameOf(frames.openFrame);
  const parts = encoder.open(open, { handle: 1, flags: 3, backingId: 0 });
  expect(describeReply(open, parts)).toBe(`OPEN #${frames.UNIQUE} -> 16 bytes flags DIRECT_IO|KEEP_CACHE`);
  expect(describeReply(open, encoder.error(open, 30))).toBe(`OPEN #${frames.UNIQUE} -> EROFS`);
});
