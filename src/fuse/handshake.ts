import { Errno } from './abi/errno.ts';
import { InitFlag, InitFlag2 } from './abi/flags.ts';
import { Opcode } from './abi/opcodes.ts';
import { StructSize } from './abi/struct-sizes.ts';
import { ProtocolVersion } from './abi/version.ts';
import type { RequestFrame } from './codec/request-frame.ts';
import type { SessionLimits } from './filesystem.ts';

/** Bytes of the largest READ and WRITE: 256 pages, the most that the kernel allows unless root raised its limit. */
export const MAX_TRANSFER_BYTES = 1 << 20;

/**
 * How many buffered reads and read-aheads may wait for an answer before the kernel holds back all others; a u16. So it is
 * the number of stuck reads that a healthy file survives: with the default of 12, sixteen readers of a dead file hung a
 * healthy one for 10 s, at 256 it took 280, and at this value 600 cost nothing.
 */
const MAX_BACKGROUND = 65_535;
/** From here on the kernel calls the connection congested and reads ahead less: its own proportion of three quarters. */
const CONGESTION_THRESHOLD = 49_151;

/** A backing file may lie on any real filesystem, but not on overlayfs; in return the mount may be a layer of one. */
const MAX_STACK_DEPTH = 1;

/**
 * Missing with a reason: AUTO_INVAL_DATA (it drops cached pages whenever an mtime moves; content here never changes),
 * ASYNC_DIO (no INTERRUPT would come for direct reads), WRITEBACK_CACHE (excludes passthrough), locks (the kernel's own do).
 */
const WANTED_FLAGS =
  InitFlag.ASYNC_READ |
  InitFlag.ATOMIC_O_TRUNC |
  InitFlag.BIG_WRITES |
  InitFlag.DO_READDIRPLUS |
  InitFlag.READDIRPLUS_AUTO |
  InitFlag.PARALLEL_DIROPS |
  InitFlag.ABORT_ERROR |
  InitFlag.MAX_PAGES |
  InitFlag.CACHE_SYMLINKS |
  InitFlag.INIT_EXT;
const WANTED_FLAGS2 = InitFlag2.DIRECT_IO_ALLOW_MMAP | InitFlag2.PASSTHROUGH;

export type Handshake =
  | { readonly outcome: 'agreed'; readonly reply: Uint8Array; readonly limits: SessionLimits }
  /** The kernel speaks a newer major version: it will send INIT again, in ours. */
  | { readonly outcome: 'again'; readonly reply: Uint8Array }
  | { readonly outcome: 'refused'; readonly reply: Uint8Array; readonly reason: string };

/** Answers the first request of a connection, `fuse_init_in` with `fuse_init_out`. */
export function negotiate(frame: RequestFrame): Handshake {
  if (frame.opcode !== Opcode.INIT || frame.length < StructSize.IN_HEADER + StructSize.INIT_IN_SHORT) {
    return refuse(frame, Errno.EIO, `the kernel began with opcode ${frame.opcode} instead of INIT`);
  }
  const offer = readOffer(frame);
  const version = `${offer.major}.${offer.minor}`;
  if (offer.major > ProtocolVersion.MAJOR) return { outcome: 'again', reply: versionReply(frame) };
  if (offer.major < ProtocolVersion.MAJOR || offer.minor < ProtocolVersion.MINOR_OLDEST) {
    return refuse(
      frame,
      Errno.EPROTO,
      `the kernel speaks FUSE ${version}; 7.31 (Linux 5.4) is the oldest that will do`,
    );
  }
  return agree(frame, offer);
}

interface Offer {
  readonly major: number;
  readonly minor: number;
  readonly maxReadahead: number;
  readonly flags: number;
  readonly flags2: number;
}

function readOffer(frame: RequestFrame): Offer {
  const flags = frame.u32(12);
  const extended = (flags & InitFlag.INIT_EXT) !== 0 && frame.length >= StructSize.IN_HEADER + StructSize.INIT_IN;
  return {
    major: frame.u32(0),
    minor: frame.u32(4),
    maxReadahead: frame.u32(8),
    flags,
    flags2: extended ? frame.u32(16) : 0,
  };
}

function agree(frame: RequestFrame, offer: Offer): Handshake {
  const flags2 = offer.flags2 & WANTED_FLAGS2;
  const passthrough = (flags2 & InitFlag2.PASSTHROUGH) !== 0;
  const { bytes, body } = replyTo(frame, StructSize.INIT_OUT);
  body.setUint32(0, ProtocolVersion.MAJOR, true);
  body.setUint32(4, Math.min(offer.minor, ProtocolVersion.MINOR_NEWEST), true);
  body.setUint32(8, offer.maxReadahead, true);
  body.setUint32(12, offer.flags & WANTED_FLAGS, true);
  body.setUint16(16, MAX_BACKGROUND, true);
  body.setUint16(18, CONGESTION_THRESHOLD, true);
  body.setUint32(20, MAX_TRANSFER_BYTES, true); // max_write
  body.setUint32(24, 1, true); // time_gran, nanoseconds
  body.setUint16(28, MAX_TRANSFER_BYTES / 4096, true); // max_pages; where pages are larger, the mount option max_read holds
  body.setUint32(32, flags2, true);
  body.setUint32(36, passthrough ? MAX_STACK_DEPTH : 0, true);
  return {
    outcome: 'agreed',
    reply: bytes,
    limits: {
      maxRead: MAX_TRANSFER_BYTES,
      directIoMmap: (flags2 & InitFlag2.DIRECT_IO_ALLOW_MMAP) !== 0,
      passthrough,
    },
  };
}

function versionReply(frame: RequestFrame): Uint8Array {
  const { bytes, body } = replyTo(frame, StructSize.INIT_OUT);
  body.setUint32(0, ProtocolVersion.MAJOR, true);
  body.setUint32(4, ProtocolVersion.MINOR_NEWEST, true);
  return bytes;
}

function refuse(frame: RequestFrame, errno: Errno, reason: string): Handshake {
  const { bytes } = replyTo(frame, 0);
  new DataView(bytes.buffer).setInt32(4, -errno, true);
  return { outcome: 'refused', reply: bytes, reason };
}

function replyTo(frame: RequestFrame, bodySize: number): { bytes: Uint8Array; body: DataView } {
  const bytes = new Uint8Array(StructSize.OUT_HEADER + bodySize);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, bytes.length, true);
  header.setUint32(8, frame.uniqueLow, true);
  header.setUint32(12, frame.uniqueHigh, true);
  return { bytes, body: new DataView(bytes.buffer, StructSize.OUT_HEADER) };
}
