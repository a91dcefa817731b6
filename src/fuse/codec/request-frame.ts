import { Errno } from '../abi/errno.ts';
import { StructSize } from '../abi/struct-sizes.ts';
import { ErrnoError, type NodeId, type ReadRequest } from '../filesystem.ts';
import { DirectoryPacker } from './directory-packer.ts';

/** A request that lies in a buffer, as the kernel wrote it: `fuse_in_header`, a struct, then names or data. */
export class RequestFrame {
  /** The whole buffer; the frame is its first `length` bytes. */
  readonly bytes: Uint8Array;
  /** Bytes of the frame. */
  length = 0;

  opcode = 0;
  /** The two halves of the request's number, which goes back unread in the reply. */
  uniqueLow = 0;
  uniqueHigh = 0;
  node: NodeId = 0;
  uid = 0;
  gid = 0;
  pid = 0;
  /** When this lane took it up, by the clock of its counters. */
  startedAt = 0;

  /** Where READ is decoded to: as reusable as the frame, so that the hottest request allocates nothing. */
  readonly readRequest: Mutable<ReadRequest> = { node: 0, handle: 0, offset: 0, size: 0, flags: 0 };

  #directory: DirectoryPacker | undefined;
  readonly #words: Uint32Array;

  /** @param buffer of a header at least, a multiple of 4 bytes long; it can be filled and loaded again and again */
  constructor(buffer: ArrayBuffer) {
    this.bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
  }

  /** Reads the header of a frame of `length` bytes. What is out of range is found out by {@link check}. */
  load(length: number): void {
    const words = this.#words;
    this.length = length;
    this.opcode = words[1] as number;
    this.uniqueLow = words[2] as number;
    this.uniqueHigh = words[3] as number;
    this.node = (words[5] as number) * TWO_32 + (words[4] as number);
    this.uid = words[6] as number;
    this.gid = words[7] as number;
    this.pid = words[8] as number;
  }

  /**
   * @param bodySize bytes that the struct after the header has at least
   * @throws ErrnoError EINVAL for a frame that is no well-formed request
   */
  check(bodySize: number): void {
    if (
      this.length < StructSize.IN_HEADER + bodySize ||
      this.statedLength !== this.length ||
      !Number.isSafeInteger(this.node) ||
      this.uniqueHigh > MAX_HIGH
    ) {
      throw malformed();
    }
  }

  /** The length that the header states. */
  get statedLength(): number {
    return this.#words[0] as number;
  }

  get unique(): number {
    return this.uniqueHigh * TWO_32 + this.uniqueLow;
  }

  /** @param offset from the end of the header; a multiple of 4, within the size that {@link check} made sure of */
  u32(offset: number): number {
    return this.#words[(StructSize.IN_HEADER + offset) >>> 2] as number;
  }

  /** @throws ErrnoError EINVAL when the number is no safe integer */
  u64(offset: number): number {
    const index = (StructSize.IN_HEADER + offset) >>> 2;
    const high = this.#words[index + 1] as number;
    if (high > MAX_HIGH) throw malformed();
    return high * TWO_32 + (this.#words[index] as number);
  }

  /** A place in a file, or a size. Programs may name any below 2⁶³: what is no safe integer is beyond every file, and cut to one. */
  place(offset: number): number {
    const index = (StructSize.IN_HEADER + offset) >>> 2;
    const high = this.#words[index + 1] as number;
    return high > MAX_HIGH ? Number.MAX_SAFE_INTEGER : high * TWO_32 + (this.#words[index] as number);
  }

  /**
   * The bytes of the name at `offset`, without the zero that ends it.
   *
   * @throws ErrnoError EINVAL when it is empty or nothing ends it
   */
  name(offset: number): Uint8Array {
    const start = StructSize.IN_HEADER + offset;
    const end = this.bytes.indexOf(0, start);
    if (end <= start || end >= this.length) throw malformed();
    return new Uint8Array(this.bytes.buffer, start, end - start);
  }

  /**
   * `size` bytes of data at `offset`.
   *
   * @throws ErrnoError EINVAL when the frame ends before
   */
  data(offset: number, size: number): Uint8Array {
    const start = StructSize.IN_HEADER + offset;
    if (start + size > this.length) throw malformed();
    return new Uint8Array(this.bytes.buffer, start, size);
  }

  /** Where READDIR is packed. */
  get directory(): DirectoryPacker {
    this.#directory ??= new DirectoryPacker();
    return this.#directory;
  }

  /** The frame in a buffer of its own, of which another RequestFrame can be made. */
  copy(): ArrayBuffer {
    const buffer = new ArrayBuffer((this.length + 3) & ~3);
    new Uint8Array(buffer).set(this.bytes.subarray(0, this.length));
    return buffer;
  }
}

const TWO_32 = 2 ** 32;
/** The high half of the largest safe integer. */
const MAX_HIGH = 2 ** 21 - 1;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function malformed(): ErrnoError {
  return new ErrnoError(Errno.EINVAL, 'malformed request');
}
