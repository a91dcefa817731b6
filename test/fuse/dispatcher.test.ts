import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { ErrnoError, type Filesystem, FORWARD, type ReadReply } from '../../src/fuse/filesystem.ts';
import * as frames from '../fixtures/fuse-frames.ts';
import { errorReply, raw, reply, request } from '../fixtures/fuse-frames.ts';
import { DispatcherHarness } from './dispatcher-harness.ts';

const UNKNOWN_OPCODE = 99;
const attributesReply = { validSeconds: 1, attributes: frames.sampleAttributes };

describe('exactly one reply', () => {
  test('an ErrnoError is its errno, and no log line', async () => {
    const harness = new DispatcherHarness({ getattr: fail(new ErrnoError(Errno.ESTALE)) });
    expect(await harness.ask(frames.getattrFrame)).toEqual(errorReply(Errno.ESTALE));
    expect(harness.log).toEqual([]);
  });

  test('anything else is EIO, and is logged with its stack', async () => {
    const error = new TypeError('a bug');
    const harness = new DispatcherHarness({ getattr: fail(error) });
    expect(await harness.ask(frames.getattrFrame)).toEqual(errorReply(Errno.EIO));
    expect(harness.log).toMatchObject([{ level: 'error', fields: { error, operation: 'GETATTR' } }]);
  });

  test('a rejected promise is the same as a throw', async () => {
    const harness = new DispatcherHarness({ getattr: () => Promise.reject(new ErrnoError(Errno.ESTALE)) });
    expect(await harness.ask(frames.getattrFrame)).toEqual(errorReply(Errno.ESTALE));
    expect(harness.replies).toHaveLength(1);
  });

  test('a failed FORGET gets none', async () => {
    const harness = new DispatcherHarness({ forget: fail(new Error('a bug')) });
    expect(await harness.ask(frames.forgetFrame)).toBeUndefined();
    expect(harness.log).toHaveLength(1);
  });

  test('an unknown opcode is ENOSYS, and one log line for all of its kind', async () => {
    const harness = new DispatcherHarness({});
    expect(await harness.ask(request(UNKNOWN_OPCODE))).toEqual(errorReply(Errno.ENOSYS));
    expect(await harness.ask(request(UNKNOWN_OPCODE))).toEqual(errorReply(Errno.ENOSYS));
    expect(harness.log).toMatchObject([{ level: 'warn', fields: { opcode: UNKNOWN_OPCODE } }]);
  });

  test('more bytes than READ asked for are EIO, because the kernel would take them for another reply', async () => {
    const slices = [new Uint8Array(131_072), new Uint8Array(1)];
    const harness = new DispatcherHarness({ read: () => ({ slices }) });
    expect(await harness.ask(frames.readFrame)).toEqual(errorReply(Errno.EIO));
  });

  test.each([
    ['a frame shorter than its struct', request(15, [raw('short')])],
    ['a name without an end', request(1, [raw('endless')])],
    ['an empty name', request(1, [raw('\0')])],
    ['fewer bytes of data than stated', request(16, [...writeHeader(7), raw('magnet')])],
  ])('%s is EINVAL for that request alone', async (_, frame) => {
    const harness = new DispatcherHarness(everything());
    expect(await harness.ask(frame)).toEqual(errorReply(Errno.EINVAL));
    expect(harness.log).toEqual([]);
    expect(await harness.ask(frames.flushFrame)).toEqual(reply());
  });

  test('an offset that is no safe integer is the last one that is', async () => {
    const offsets: number[] = [];
    const harness = new DispatcherHarness({
      read(_, { offset }) {
        offsets.push(offset);
        return { slices: [] };
      },
    });
    for (const offset of [2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n]) await harness.ask(readAt(offset));
    expect(offsets).toEqual(Array(3).fill(Number.MAX_SAFE_INTEGER));
  });

  test('more forgotten nodes than there are is let pass without an answer, as every FORGET', async () => {
    const harness = new DispatcherHarness(everything());
    expect(await harness.ask(request(42, [frames.u32(1000), frames.u32(0)]))).toBeUndefined();
    expect(harness.log).toEqual([]);
    expect(await harness.ask(frames.flushFrame)).toEqual(reply());
  });
});

describe('release of what a read holds', () => {
  test('comes after the reply was written', async () => {
    const order: string[] = [];
    const answer: ReadReply = { slices: [], release: () => void order.push('release') };
    const replies = { write: () => void order.push('write') };
    const harness = new DispatcherHarness({ read: () => answer }, { replies });
    harness.send(frames.readFrame);
    expect(order).toEqual(['write', 'release']);
  });

  test('comes too when the reply cannot be written or encoded', () => {
    let released = 0;
    const slices = [new Uint8Array(131_073)];
    const harness = new DispatcherHarness({ read: () => ({ slices, release: () => void released++ }) });
    harness.send(frames.readFrame);
    expect(released).toBe(1);
  });
});

describe('the fast lane', () => {
  test('hands over what it declines and what it has no method for, and answers neither', () => {
    const harness = DispatcherHarness.fast({ getattr: () => FORWARD, lookup: () => frames.sampleEntry });
    harness.send(frames.getattrFrame);
    harness.send(frames.rmdirFrame);
    harness.send(frames.forgetFrame);
    expect(harness.forwarded).toEqual([3, 11, 2]);
    expect(harness.replies).toEqual([]);
    harness.send(frames.lookupFrame);
    expect(harness.replies).toEqual([reply(frames.sampleEntryOut)]);
  });

  test('hands over every INTERRUPT behind its target', () => {
    const harness = DispatcherHarness.fast({ read: () => FORWARD });
    harness.send(frames.readFrame);
    harness.send(frames.interruptFrame());
    expect(harness.forwarded).toEqual([15, 36]);
  });

  test('answers malformed and unknown requests itself', () => {
    const harness = DispatcherHarness.fast({});
    harness.send(request(UNKNOWN_OPCODE));
    harness.send(request(15, [raw('short')]));
    expect(harness.forwarded).toEqual([]);
    expect(harness.replies).toEqual([errorReply(Errno.ENOSYS), errorReply(Errno.EINVAL)]);
  });

  test('with no other lane declining is EIO, and INTERRUPT nothing', () => {
    const harness = new DispatcherHarness({ getattr: () => FORWARD }, { lane: 'fast' });
    harness.send(frames.getattrFrame);
    harness.send(frames.interruptFrame());
    expect(harness.replies).toEqual([errorReply(Errno.EIO)]);
  });

  test('may not return a promise, which is EIO at once', async () => {
    const harness = DispatcherHarness.fast({ getattr: () => Promise.reject(new Error('late')) });
    expect(await harness.ask(frames.getattrFrame)).toEqual(errorReply(Errno.EIO));
    expect(harness.replies).toHaveLength(1);
  });
});

describe('INTERRUPT', () => {
  test('fires the signal of its target, which fails with EINTR; it is not answered itself', async () => {
    const harness = new DispatcherHarness({ read: untilAborted });
    harness.send(frames.readFrame);
    expect(await harness.ask(frames.interruptFrame())).toEqual(errorReply(Errno.EINTR));
    expect(harness.replies).toHaveLength(1);
    expect(harness.dispatcher.inFlight).toBe(0);
  });

  test('is EINTR as well when the method rejects with an error of its own wait', async () => {
    const abortError = new DOMException('This operation was aborted', 'AbortError');
    const harness = new DispatcherHarness({ read: context => untilAborted(context).catch(fail(abortError)) });
    harness.send(frames.readFrame);
    expect(await harness.ask(frames.interruptFrame())).toEqual(errorReply(Errno.EINTR));
    expect(harness.log).toEqual([]);
  });

  test('changes nothing when the method finishes nevertheless', async () => {
    const late = async (context: { signal: AbortSignal }) => {
      await untilAborted(context).catch(() => {});
      return { handle: 1, flags: 0, backingId: 0 };
    };
    const harness = new DispatcherHarness({ open: late });
    harness.send(frames.openFrame);
    expect((await harness.ask(frames.interruptFrame()))?.length).toBe(32);
  });

  test('concerns its target alone', async () => {
    const harness = new DispatcherHarness({ read: untilAborted });
    harness.send(request(15, readBody(), 10));
    harness.send(request(15, readBody(), 12));
    expect(await harness.ask(frames.interruptFrame(12))).toEqual(errorReply(Errno.EINTR, 12));
    expect(harness.dispatcher.inFlight).toBe(1);
  });

  test.each([
    ['already answered', frames.interruptFrame()],
    ['unknown', frames.interruptFrame(4242)],
    ['out of range', frames.interruptFrame(2n ** 63n)],
    ['missing', request(36)],
  ])('of a target that is %s leaves nothing behind', async (_, interrupt) => {
    const harness = new DispatcherHarness({ read: async () => ({ slices: [] }) });
    await harness.ask(frames.readFrame);
    expect(await harness.ask(interrupt)).toBeUndefined();
    expect(harness.dispatcher.inFlight).toBe(0);
  });

  test('the end of the mount fires every signal', async () => {
    const harness = new DispatcherHarness({ read: untilAborted });
    harness.send(request(15, readBody(), 10));
    harness.send(request(15, readBody(), 12));
    harness.dispatcher.abortAll();
    await new Promise(resolve => setImmediate(resolve));
    expect(harness.dispatcher.inFlight).toBe(0);
    expect(harness.replies).toEqual([errorReply(Errno.ENODEV, 10), errorReply(Errno.ENODEV, 12)]);
  });
});

describe('whatever the bytes are', () => {
  const opcodes = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.nat());
  const unique = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 53n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

  test('a request is answered at most once, never throws, and logs no bug of ours', () => {
    const body = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(opcodes, unique, body, (opcode, number, bytes) => {
        const harness = new DispatcherHarness(everything());
        harness.send(request(opcode, [bytes], number));
        expect(harness.replies.length).toBeLessThanOrEqual(1);
        for (const answer of harness.replies) {
          expect(answer.readUInt32LE(0)).toBe(answer.length);
          expect(answer.readBigUInt64LE(8)).toBe(BigInt(number));
        }
        expect(harness.log.filter(line => line.level === 'error')).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  test('random frames never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 300 }), bytes => {
        const harness = new DispatcherHarness(everything());
        harness.send(bytes);
        for (const answer of harness.replies) expect(answer.readInt32LE(4)).toBeLessThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});

/** A filesystem that has every method and succeeds with something. */
function everything(): Filesystem {
  const open = { handle: 1, flags: 0, backingId: 0 };
  return {
    lookup: () => frames.sampleEntry,
    forget() {},
    getattr: () => attributesReply,
    setattr: () => attributesReply,
    readlink: () => Buffer.from('target'),
    access() {},
    statfs: () => {
      return { blockSize: 1, blocks: 0, blocksFree: 0, blocksAvailable: 0, files: 0, filesFree: 0, nameLengthMax: 255 };
    },
    open: () => open,
    read: () => ({ slices: [] }),
    flush() {},
    fsync() {},
    release() {},
    lseek: (_context, { offset }) => offset,
    opendir: () => open,
    readdir: (_context, _request, sink) => void sink.add(Buffer.from('name'), 1, frames.sampleEntry),
    releasedir() {},
    getxattr: () => Buffer.from('value'),
    listxattr: () => ['user.a'],
    setxattr() {},
    removexattr() {},
    create: () => ({ entry: frames.sampleEntry, open }),
    write: (_context, { data }) => data.length,
    mkdir: () => frames.sampleEntry,
    mknod: () => frames.sampleEntry,
    unlink() {},
    rmdir() {},
    rename() {},
  };
}

function fail(error: Error): () => never {
  return () => {
    throw error;
  };
}

function untilAborted({ signal }: { signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

function readBody(): Uint8Array[] {
  return [frames.readFrame.subarray(40)];
}

function readAt(offset: bigint): Uint8Array {
  const frame = Buffer.from(frames.readFrame);
  frame.writeBigUInt64LE(offset, 40 + 8);
  return frame;
}

/** `fuse_write_in` that states `size` bytes of data. */
function writeHeader(size: number): Uint8Array[] {
  const header = Buffer.from(frames.writeFrame.subarray(40, 80));
  header.writeUInt32LE(size, 16);
  return [header];
}
