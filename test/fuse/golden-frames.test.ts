import { describe, expect, test } from 'vitest';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { Opcode } from '../../src/fuse/abi/opcodes.ts';
import type { AttributesReply, DirectorySink, Filesystem } from '../../src/fuse/filesystem.ts';
import { operationTable } from '../../src/fuse/operation-table.ts';
import * as frames from '../fixtures/fuse-frames.ts';
import { errorReply, i32, name, raw, reply, u16, u32, u64, zeros } from '../fixtures/fuse-frames.ts';
import { DispatcherHarness } from './dispatcher-harness.ts';

const { NODE, sampleAttributes, sampleEntry } = frames;
const attributesReply: AttributesReply = { validSeconds: 2, attributes: sampleAttributes };

/** The request's bytes, the call that must come of them, what the filesystem answers, and the reply's bytes. */
interface Golden {
  readonly frame: Uint8Array;
  readonly method: keyof Filesystem;
  /** Arguments after the context. */
  readonly args: readonly unknown[];
  readonly answer?: unknown;
  readonly reply: Uint8Array | undefined;
}

const attrOut = reply([
  u64(2), // attr_valid
  u32(0), // attr_valid_nsec
  u32(0), // dummy
  ...frames.sampleAttr, // attr
]);

const openOut = [
  u64(0x1_0000_0020), // fh
  u32(129), // open_flags: FOPEN_DIRECT_IO | FOPEN_PASSTHROUGH
  i32(5), // backing_id
];
const openReply = { handle: 0x1_0000_0020, flags: 129, backingId: 5 };

const golden: Readonly<Record<string, Golden>> = {
  LOOKUP: {
    frame: frames.lookupFrame,
    method: 'lookup',
    args: [NODE, bytes('straße')],
    answer: sampleEntry,
    reply: reply(frames.sampleEntryOut),
  },
  FORGET: { frame: frames.forgetFrame, method: 'forget', args: [NODE, 5], reply: undefined },
  GETATTR: {
    frame: frames.getattrFrame,
    method: 'getattr',
    args: [NODE],
    answer: attributesReply,
    reply: attrOut,
  },
  SETATTR: {
    frame: frames.setattrFrame(0b1_0000_0000 | 0b101011), // MTIME_NOW | MTIME, SIZE, UID, MODE
    method: 'setattr',
    args: [NODE, { mode: 0o100600, uid: 7, gid: undefined, size: 0x1_0000_0000, atime: false, mtime: true }],
    answer: attributesReply,
    reply: attrOut,
  },
  READLINK: {
    frame: frames.readlinkFrame,
    method: 'readlink',
    args: [NODE],
    answer: bytes('../target'),
    reply: reply([raw('../target')]),
  },
  MKNOD: {
    frame: frames.mknodFrame,
    method: 'mknod',
    args: [NODE, bytes('new'), 0o100644],
    answer: sampleEntry,
    reply: reply(frames.sampleEntryOut),
  },
  MKDIR: {
    frame: frames.mkdirFrame,
    method: 'mkdir',
    args: [NODE, bytes('new'), 0o755],
    answer: sampleEntry,
    reply: reply(frames.sampleEntryOut),
  },
  UNLINK: { frame: frames.unlinkFrame, method: 'unlink', args: [NODE, bytes('old')], reply: reply() },
  RMDIR: { frame: frames.rmdirFrame, method: 'rmdir', args: [NODE, bytes('old')], reply: reply() },
  RENAME: {
    frame: frames.renameFrame,
    method: 'rename',
    args: [{ parent: NODE, name: bytes('old'), newParent: 0x4_0000_0001, newName: bytes('new'), flags: 0 }],
    reply: reply(),
  },
  RENAME2: {
    frame: frames.rename2Frame,
    method: 'rename',
    args: [{ parent: NODE, name: bytes('old'), newParent: 0x4_0000_0001, newName: bytes('new'), flags: 1 }],
    reply: reply(),
  },
  OPEN: {
    frame: frames.openFrame,
    method: 'open',
    args: [NODE, 0o104000],
    answer: openReply,
    reply: reply(openOut),
  },
  READ: {
    frame: frames.readFrame,
    method: 'read',
    args: [{ node: NODE, handle: 77, offset: 0x1_0000_0005, size: 131_072, flags: 0o4000 }],
    answer: { slices: [bytes('first'), bytes(''), new Uint8Array(new SharedArrayBuffer(2))] },
    reply: reply([raw('first'), zeros(2)]),
  },
  WRITE: {
    frame: frames.writeFrame,
    method: 'write',
    args: [{ node: NODE, handle: 77, offset: 0x1_0000_0005, data: bytes('magnet') }],
    answer: 6,
    reply: reply([
      u32(6), // size
      u32(0), // padding
    ]),
  },
  STATFS: {
    frame: frames.statfsFrame,
    method: 'statfs',
    args: [NODE],
    answer: {
      blockSize: 4096,
      blocks: 0x1_0000_0001,
      blocksFree: 2,
      blocksAvailable: 3,
      files: 4,
      filesFree: 5,
      nameLengthMax: 255,
    },
    reply: reply([
      u64(0x1_0000_0001), // blocks
      u64(2), // bfree
      u64(3), // bavail
      u64(4), // files
      u64(5), // ffree
      u32(4096), // bsize
      u32(255), // namelen
      u32(4096), // frsize
      u32(0), // padding
      zeros(24), // spare[6]
    ]),
  },
  RELEASE: { frame: frames.releaseFrame, method: 'release', args: [NODE, 77, 0o100000], reply: reply() },
  FSYNC: { frame: frames.fsyncFrame, method: 'fsync', args: [NODE, 77], reply: reply() },
  SETXATTR: {
    frame: frames.setxattrFrame,
    method: 'setxattr',
    args: [NODE, 'user.note', bytes('abc'), 1],
    reply: reply(),
  },
  'GETXATTR of the value': {
    frame: frames.getxattrFrame(64),
    method: 'getxattr',
    args: [NODE, 'user.note'],
    answer: bytes('value'),
    reply: reply([raw('value')]),
  },
  'GETXATTR of the length': {
    frame: frames.getxattrFrame(0),
    method: 'getxattr',
    args: [NODE, 'user.note'],
    answer: bytes('value'),
    reply: reply([
      u32(5), // size
      u32(0), // padding
    ]),
  },
  'GETXATTR into too small a buffer': {
    frame: frames.getxattrFrame(4),
    method: 'getxattr',
    args: [NODE, 'user.note'],
    answer: bytes('value'),
    reply: errorReply(Errno.ERANGE),
  },
  'LISTXATTR of the names': {
    frame: frames.listxattrFrame(64),
    method: 'listxattr',
    args: [NODE],
    answer: ['user.a', 'user.b'],
    reply: reply([name('user.a'), name('user.b')]),
  },
  'LISTXATTR of the length': {
    frame: frames.listxattrFrame(0),
    method: 'listxattr',
    args: [NODE],
    answer: ['user.a', 'user.b'],
    reply: reply([
      u32(14), // size
      u32(0), // padding
    ]),
  },
  REMOVEXATTR: { frame: frames.removexattrFrame, method: 'removexattr', args: [NODE, 'user.note'], reply: reply() },
  FLUSH: { frame: frames.flushFrame, method: 'flush', args: [NODE, 77], reply: reply() },
  OPENDIR: {
    frame: frames.opendirFrame,
    method: 'opendir',
    args: [NODE, 0o300000],
    answer: openReply,
    reply: reply(openOut),
  },
  RELEASEDIR: { frame: frames.releasedirFrame, method: 'releasedir', args: [NODE, 78], reply: reply() },
  ACCESS: { frame: frames.accessFrame, method: 'access', args: [NODE, 4], reply: reply() },
  CREATE: {
    frame: frames.createFrame,
    method: 'create',
    args: [NODE, bytes('new'), 0o102, 0o100644],
    answer: { entry: sampleEntry, open: openReply },
    reply: reply([...frames.sampleEntryOut, ...openOut]),
  },
  LSEEK: {
    frame: frames.lseekFrame,
    method: 'lseek',
    args: [{ node: NODE, handle: 77, offset: 0x1_0000_0005, whence: 4 }],
    answer: 0x2_0000_0000,
    reply: reply([
      u64(0x2_0000_0000), // offset
    ]),
  },
  STATX: {
    frame: frames.statxFrame,
    method: 'getattr',
    args: [NODE],
    answer: attributesReply,
    reply: reply([
      u64(2), // attr_valid
      u32(0), // attr_valid_nsec
      u32(0), // flags
      zeros(16), // spare[2]
      u32(0x7ff), // mask: STATX_BASIC_STATS, no btime
      u32(4096), // blksize
      u64(0), // attributes
      u32(1), // nlink
      u32(1000), // uid
      u32(1001), // gid
      u16(0o100444), // mode
      u16(0), // __spare0
      u64(0xaabb_ccdd_1122_3344n), // ino
      u64(0x1_0000_0003), // size
      u64(0x80_0001), // blocks
      u64(0), // attributes_mask
      u64(1_700_000_000), // atime.tv_sec
      zeros(8), // atime.tv_nsec, reserved
      zeros(16), // btime
      u64(1_700_000_000), // ctime.tv_sec
      zeros(8), // ctime.tv_nsec, reserved
      u64(1_700_000_000), // mtime.tv_sec
      zeros(8), // mtime.tv_nsec, reserved
      zeros(16), // rdev, dev
      zeros(112), // __spare2[14]
    ]),
  },
};

describe('a frame becomes a call, and its result becomes a reply', () => {
  test.each(Object.entries(golden))('%s', async (_, { frame, method, args, answer, reply: expected }) => {
    const calls: unknown[][] = [];
    const record = (...call: unknown[]) => {
      calls.push(method === 'forget' ? call : call.slice(1));
      return answer;
    };
    const harness = new DispatcherHarness({ [method]: record });
    expect(await harness.ask(frame)).toEqual(expected);
    expect(calls).toEqual([args]);
    expect(harness.log).toEqual([]);
  });

  test('the same as a promise', async () => {
    for (const { frame, method, answer, reply: expected } of Object.values(golden)) {
      if (method === 'forget') continue;
      const harness = new DispatcherHarness({ [method]: () => Promise.resolve(answer) });
      expect(await harness.ask(frame)).toEqual(expected);
    }
  });

  test('BATCH_FORGET becomes one call for each node', async () => {
    const calls: unknown[] = [];
    const harness = new DispatcherHarness({ forget: (node, count) => void calls.push([node, count]) });
    expect(await harness.ask(frames.batchForgetFrame)).toBeUndefined();
    expect(calls).toEqual([
      [0x3_0000_0009, 1],
      [12, 4],
    ]);
  });

  test('the context tells who asks', async () => {
    const contexts: unknown[] = [];
    const harness = new DispatcherHarness({
      getattr(context) {
        contexts.push({ unique: context.unique, uid: context.uid, gid: context.gid, pid: context.pid });
        return attributesReply;
      },
    });
    await harness.ask(frames.getattrFrame);
    expect(contexts).toEqual([{ unique: frames.UNIQUE, uid: 1000, gid: 1001, pid: 4321 }]);
  });

  test('times before 1970 are negative', async () => {
    const attributes = { ...sampleAttributes, mtimeSeconds: -1 };
    const harness = new DispatcherHarness({ getattr: () => ({ validSeconds: 0, attributes }) });
    const answer = await harness.ask(frames.getattrFrame);
    expect(answer?.readBigInt64LE(16 + 16 + 32)).toBe(-1n); // fuse_attr.mtime
  });
});

const directory = [
  { name: '.', cookie: 1, entry: { ...sampleEntry, attributes: { ...sampleAttributes, mode: 0o040555 } } },
  { name: 'file.bin', cookie: 0x1_0000_0003, entry: sampleEntry },
  { name: 'does not fit', cookie: 9, entry: sampleEntry },
] as const;

describe('directories', () => {
  const taken: boolean[] = [];
  const listing: Partial<Filesystem> = {
    readdir(_context, _request, sink: DirectorySink) {
      taken.splice(0, taken.length, ...directory.map(row => sink.add(bytes(row.name), row.cookie, row.entry)));
    },
  };

  test('READDIR packs entries until the size is used up', async () => {
    const harness = new DispatcherHarness(listing);
    expect(await harness.ask(frames.readdirFrame(28, 32 + 32 + 39))).toEqual(
      reply([
        u64(0xaabb_ccdd_1122_3344n), // ino
        u64(1), // off
        u32(1), // namelen
        u32(4), // type: DT_DIR
        raw('.'), // name
        zeros(7), // padding
        u64(0xaabb_ccdd_1122_3344n), // ino
        u64(0x1_0000_0003), // off
        u32(8), // namelen
        u32(8), // type: DT_REG
        raw('file.bin'), // name, a multiple of 8 long
      ]),
    );
    expect(taken).toEqual([true, true, false]);
  });

  test('READDIRPLUS puts fuse_entry_out before each', async () => {
    const harness = new DispatcherHarness(listing);
    const answer = await harness.ask(frames.readdirFrame(44, 160 + 160 + 167));
    expect(answer?.length).toBe(16 + 160 + 160);
    expect(answer?.subarray(16 + 160)).toEqual(
      Buffer.concat([
        ...frames.sampleEntryOut,
        u64(0xaabb_ccdd_1122_3344n), // ino
        u64(0x1_0000_0003), // off
        u32(8), // namelen
        u32(8), // type: DT_REG
        raw('file.bin'), // name
      ]),
    );
    expect(taken).toEqual([true, true, false]);
  });

  test('the request says where to go on', async () => {
    const requests: unknown[] = [];
    const harness = new DispatcherHarness({ readdir: (_context, request) => void requests.push(request) });
    expect(await harness.ask(frames.readdirFrame(44, 4096))).toEqual(reply());
    expect(requests).toEqual([{ node: NODE, handle: 78, cookie: 0x1_0000_0002, plus: true }]);
  });
});

describe('a filesystem without the method', () => {
  const minimal: Partial<Filesystem> = { getattr: () => attributesReply };

  test.each([
    ['SYMLINK', frames.symlinkFrame],
    ['MKNOD', frames.mknodFrame],
    ['MKDIR', frames.mkdirFrame],
    ['UNLINK', frames.unlinkFrame],
    ['RMDIR', frames.rmdirFrame],
    ['RENAME', frames.renameFrame],
    ['RENAME2', frames.rename2Frame],
    ['LINK', frames.linkFrame],
    ['WRITE', frames.writeFrame],
    ['SETXATTR', frames.setxattrFrame],
    ['REMOVEXATTR', frames.removexattrFrame],
    ['CREATE', frames.createFrame],
    ['FALLOCATE', frames.fallocateFrame],
  ])('%s is EROFS', async (_, frame) => {
    expect(await new DispatcherHarness(minimal).ask(frame)).toEqual(errorReply(Errno.EROFS));
  });

  test.each([
    ['ACCESS', frames.accessFrame],
    ['FLUSH', frames.flushFrame],
    ['FSYNC', frames.fsyncFrame],
    ['LSEEK', frames.lseekFrame],
    ['GETXATTR', frames.getxattrFrame(0)],
    ['LISTXATTR', frames.listxattrFrame(0)],
    ['STATFS', frames.statfsFrame],
    ['READLINK', frames.readlinkFrame],
  ])('%s is ENOSYS, which the kernel takes as never', async (_, frame) => {
    const harness = new DispatcherHarness(minimal);
    expect(await harness.ask(frame)).toEqual(errorReply(Errno.ENOSYS));
    expect(harness.log).toEqual([]);
  });

  test.each([
    ['OPENDIR', frames.opendirFrame, reply([zeros(16)])],
    ['RELEASEDIR', frames.releasedirFrame, reply()],
    ['RELEASE', frames.releaseFrame, reply()],
    ['DESTROY', frames.destroyFrame, reply()],
  ])('%s succeeds', async (_, frame, expected) => {
    expect(await new DispatcherHarness(minimal).ask(frame)).toEqual(expected);
  });

  test('SETATTR of times alone succeeds and changes nothing', async () => {
    const atimeAndMtimeNow = 0b1_1011_0000;
    expect(await new DispatcherHarness(minimal).ask(frames.setattrFrame(atimeAndMtimeNow))).toEqual(attrOut);
  });

  test.each([
    ['mode', 0],
    ['uid', 1],
    ['gid', 2],
    ['size', 3],
  ])('SETATTR of %s is EROFS', async (_, bit) => {
    const mtimeToo = 1 << 5;
    const harness = new DispatcherHarness(minimal);
    expect(await harness.ask(frames.setattrFrame((1 << bit) | mtimeToo))).toEqual(errorReply(Errno.EROFS));
  });
});

test('every opcode of linux/fuse.h 7.45 that this server can be sent has an entry', () => {
  const answeredElsewhere: number[] = [Opcode.INIT, Opcode.INTERRUPT];
  // Only sent to servers that asked for them in INIT, or to block devices.
  const never: number[] = [
    Opcode.GETLK,
    Opcode.SETLK,
    Opcode.SETLKW,
    Opcode.BMAP,
    Opcode.NOTIFY_REPLY,
    Opcode.SETUPMAPPING,
    Opcode.REMOVEMAPPING,
  ];
  const missing = Object.values(Opcode).filter(opcode => !operationTable.has(opcode));
  expect(missing.sort()).toEqual([...answeredElsewhere, ...never].sort());
});

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}
