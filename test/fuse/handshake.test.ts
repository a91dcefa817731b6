import { describe, expect, test } from 'vitest';
import { negotiate } from '../../src/fuse/handshake.ts';
import {
  errorReply,
  getattrFrame,
  initFrame,
  reply,
  shortInitFrame,
  u16,
  u32,
  zeros,
} from '../fixtures/fuse-frames.ts';
import { frameOf } from './frame-of.ts';

const EIO = 5;
const EPROTO = 71;
const DIRECT_IO_ALLOW_MMAP = 1 << 4;
const PASSTHROUGH = 1 << 5;

describe('the handshake', () => {
  test('answers Linux 6.18 field by field', () => {
    const handshake = negotiate(frameOf(initFrame()));
    expect(handshake.outcome).toBe('agreed');
    expect(Buffer.from(handshake.reply)).toEqual(
      reply([
        u32(7), // major
        u32(45), // minor
        u32(131_072), // max_readahead: as offered
        u32(0x40e4_6029), // flags: ASYNC_READ ATOMIC_O_TRUNC BIG_WRITES DO_READDIRPLUS READDIRPLUS_AUTO PARALLEL_DIROPS ABORT_ERROR MAX_PAGES CACHE_SYMLINKS INIT_EXT
        u16(65_535), // max_background
        u16(49_151), // congestion_threshold
        u32(1 << 20), // max_write
        u32(1), // time_gran
        u16(256), // max_pages
        u16(0), // map_alignment
        u32(0x30), // flags2: DIRECT_IO_ALLOW_MMAP PASSTHROUGH
        u32(1), // max_stack_depth
        zeros(24), // request_timeout, unused[11]
      ]),
    );
  });

  test.each([
    ['both', 0x7ff, { directIoMmap: true, passthrough: true }],
    ['mmap only', 0x7ff & ~PASSTHROUGH, { directIoMmap: true, passthrough: false }],
    ['passthrough only', 0x7ff & ~DIRECT_IO_ALLOW_MMAP, { directIoMmap: false, passthrough: true }],
    ['neither', 0, { directIoMmap: false, passthrough: false }],
  ])('takes of mmap and passthrough what the kernel offers: %s', (_, flags2, expected) => {
    const handshake = negotiate(frameOf(initFrame({ flags2 })));
    expect(handshake).toMatchObject({ outcome: 'agreed', limits: { maxRead: 1 << 20, ...expected } });
    expect(Buffer.from(handshake.reply).readUInt32LE(16 + 36)).toBe(expected.passthrough ? 1 : 0); // max_stack_depth
  });

  test('asks for nothing that was not offered', () => {
    const handshake = negotiate(frameOf(initFrame({ flags: 0, flags2: 0xffff_ffff })));
    expect(Buffer.from(handshake.reply).readUInt32LE(16 + 12)).toBe(0);
    expect(Buffer.from(handshake.reply).readUInt32LE(16 + 32)).toBe(0);
  });

  test.each([
    [31, 31],
    [36, 36],
    [45, 45],
    [99, 45],
  ])('with a kernel of minor %i both speak minor %i', (minor, spoken) => {
    const handshake = negotiate(frameOf(minor < 36 ? shortInitFrame(minor) : initFrame({ minor })));
    expect(handshake.outcome).toBe('agreed');
    expect(Buffer.from(handshake.reply).readUInt32LE(16 + 4)).toBe(spoken);
  });

  test('tells a kernel of a newer major version ours, and waits for its second INIT', () => {
    const handshake = negotiate(frameOf(initFrame({ major: 8, minor: 0 })));
    expect(handshake.outcome).toBe('again');
    expect(Buffer.from(handshake.reply).readUInt32LE(16)).toBe(7);
  });

  test.each([
    ['older major version', initFrame({ major: 6, minor: 99 }), EPROTO, 'FUSE 6.99'],
    ['older minor version', shortInitFrame(30), EPROTO, 'FUSE 7.30; 7.31 (Linux 5.4) is the oldest'],
    ['request before INIT', getattrFrame, EIO, 'opcode 3 instead of INIT'],
    ['too short an INIT', initFrame().subarray(0, 48), EIO, 'opcode 26'],
  ])('refuses an %s', (_, frame, errno, reason) => {
    const handshake = negotiate(frameOf(frame));
    expect(handshake).toMatchObject({ outcome: 'refused', reason: expect.stringContaining(reason) });
    expect(Buffer.from(handshake.reply)).toEqual(errorReply(errno));
  });
});
