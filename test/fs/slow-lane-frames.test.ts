import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { Opcode } from '../../src/fuse/abi/opcodes.ts';
import { ROOT_NODE } from '../../src/fuse/filesystem.ts';
import { eventually } from '../fixtures/eventually.ts';
import { DispatcherHarness } from '../fuse/dispatcher-harness.ts';
import { u32, u64 } from './lane-harness.ts';
import { SlowLaneHarness } from './slow-lane-harness.ts';

/** The slow lane as the kernel sees it: frames in, frames out, through the dispatcher that the mount uses. */
describe('a frame that the fuse thread forwards', () => {
  let mount: SlowLaneHarness;
  let kernel: DispatcherHarness;
  let unique = 0;
  beforeEach(() => {
    mount = new SlowLaneHarness();
    kernel = new DispatcherHarness(mount.lane);
  });
  afterEach(() => mount.discard());

  const name = (text: string) => Buffer.from(`${text}\0`);

  function frame(opcode: number, node: number, ...body: readonly Uint8Array[]): Buffer {
    unique += 2;
    const bytes = Buffer.concat(body);
    return Buffer.concat([u32(40 + bytes.length), u32(opcode), u64(unique), u64(node), Buffer.alloc(16), bytes]);
  }

  /** The body of the reply, or its errno. */
  async function ask(opcode: number, node: number, ...body: readonly Uint8Array[]): Promise<Buffer | number> {
    const reply = await kernel.ask(frame(opcode, node, ...body));
    if (reply === undefined) throw new Error('no reply');
    expect(reply.readUInt32LE(0)).toBe(reply.length);
    return reply.readInt32LE(4) === 0 ? reply.subarray(16) : -reply.readInt32LE(4);
  }

  async function askBody(...request: Parameters<typeof ask>): Promise<Buffer> {
    const body = await ask(...request);
    if (typeof body === 'number') throw new Error(`errno ${body}`);
    return body;
  }

  async function lookup(parent: number, text: string): Promise<number> {
    return Number((await askBody(Opcode.LOOKUP, parent, name(text))).readBigUInt64LE(0));
  }

  async function openFile(node: number, flags = 0): Promise<{ handle: number; flags: number }> {
    const body = await askBody(Opcode.OPEN, node, u32(flags), u32(0));
    return { handle: Number(body.readBigUInt64LE(0)), flags: body.readUInt32LE(8) };
  }

  const readBody = (handle: number, offset: number, size: number) => [
    u64(handle),
    u64(offset),
    u32(size),
    u32(0),
    u64(0),
    u32(0),
    u32(0),
  ];
  const writeBody = (handle: number, data: Uint8Array, offset = 0) => [
    u64(handle),
    u64(offset),
    u32(data.length),
    u32(0),
    u64(0),
    u32(1),
    u32(0),
    data,
  ];

  async function create(text: string): Promise<{ node: number; handle: number; flags: number }> {
    const body = await askBody(Opcode.CREATE, ROOT_NODE, u32(0o101), u32(0o100644), u32(0), u32(0), name(text));
    const opened = body.subarray(128);
    return {
      node: Number(body.readBigUInt64LE(0)),
      handle: Number(opened.readBigUInt64LE(0)),
      flags: opened.readUInt32LE(8),
    };
  }

  it('drops a magnet', async () => {
    const { node, handle, flags } = await create('x.magnet');
    expect(flags).toBe(1); // FOPEN_DIRECT_IO: each write(2) is a WRITE
    const flush = [u64(handle), Buffer.alloc(16)];
    expect(await askBody(Opcode.FLUSH, node, ...flush)).toHaveLength(0);
    const data = Buffer.from(`${'ab'.repeat(20)}\n`);
    expect((await askBody(Opcode.WRITE, node, ...writeBody(handle, data))).readUInt32LE(0)).toBe(data.length);
    await askBody(Opcode.FLUSH, node, ...flush);
    await askBody(Opcode.RELEASE, node, ...flush);
    expect(await ask(Opcode.LOOKUP, ROOT_NODE, name('x.magnet'))).toBe(Errno.ENOENT);
    expect(mount.catalog.torrents()).toMatchObject([{ infoHash: 'ab'.repeat(20) }]);
  });

  it('drops garbage', async () => {
    const { node, handle } = await create('x.magnet');
    expect(await ask(Opcode.WRITE, node, ...writeBody(handle, Buffer.from('garbage')))).toBe(Errno.EINVAL);
    expect(await ask(Opcode.CREATE, ROOT_NODE, u32(1), u32(0), u32(0), u32(0), name('x.mkv'))).toBe(Errno.EROFS);
  });

  it('knows no offset that is too large', async () => {
    const dropped = await create('x.torrent');
    const write = writeBody(dropped.handle, Buffer.from('d8:announce'), 2 ** 60);
    expect(await ask(Opcode.WRITE, dropped.node, ...write)).toBe(Errno.EFBIG);
    const resize = [u32(8), u32(0), u64(0), u64(2 ** 60), Buffer.alloc(64)];
    expect(await ask(Opcode.SETATTR, dropped.node, ...resize)).toBe(Errno.EFBIG);

    const status = await lookup(await lookup(ROOT_NODE, '.torrent-fuse'), 'status.json');
    const virtual = await openFile(status);
    expect(await askBody(Opcode.READ, status, ...readBody(virtual.handle, 2 ** 60, 100))).toHaveLength(0);
    const seek = [u64(virtual.handle), u64(2 ** 60), u32(3), u32(0)];
    expect(await ask(Opcode.LSEEK, status, ...seek)).toBe(Errno.ENXIO);

    const torrent = mount.engine.addTorrent({ name: 'film.mkv', length: 100_000 });
    await eventually(() => expect(mount.root.byInfoHash(torrent.infoHash)).toBeDefined());
    const film = await lookup(ROOT_NODE, 'film.mkv');
    const { handle } = await openFile(film);
    expect(await askBody(Opcode.READ, film, ...readBody(handle, 2 ** 60, 4096))).toHaveLength(0);
  });

  it('reads a virtual file', async () => {
    const directory = await lookup(ROOT_NODE, '.torrent-fuse');
    const status = await lookup(directory, 'status.json');
    const { handle, flags } = await openFile(status);
    expect(flags).toBe(1);
    const text = (await askBody(Opcode.READ, status, ...readBody(handle, 0, 1 << 20))).toString();
    expect(JSON.parse(text)).toMatchObject({ schema_version: 1 });
    expect(await askBody(Opcode.READ, status, ...readBody(handle, text.length, 100))).toHaveLength(0);
  });

  it('lists the virtual files, with their inodes', async () => {
    const directory = await lookup(ROOT_NODE, '.torrent-fuse');
    const handle = (await askBody(Opcode.OPENDIR, directory, u32(0), u32(0))).subarray(0, 8);
    const listing = await askBody(Opcode.READDIRPLUS, directory, handle, u64(0), u32(8192), Buffer.alloc(20));
    for (const entry of ['status.json', 'errors', 'control', 'torrents', 'pieces', 'ranges']) {
      expect(listing.includes(entry)).toBe(true);
    }
    await askBody(Opcode.RELEASEDIR, directory, handle, Buffer.alloc(16));
  });

  it('reads a file, and is interrupted when it waits', async () => {
    const torrent = mount.engine.addTorrent({ name: 'film.mkv', length: 100_000 });
    await eventually(() => expect(mount.root.byInfoHash(torrent.infoHash)).toBeDefined());
    const node = await lookup(ROOT_NODE, 'film.mkv');
    const { handle } = await openFile(node);
    const read = frame(Opcode.READ, node, ...readBody(handle, 0, 4096));
    const readUnique = unique;
    expect(await kernel.ask(read)).toBeUndefined();
    kernel.send(frame(Opcode.INTERRUPT, 0, u64(readUnique)));
    await eventually(() => expect(kernel.replies.at(-1)?.readInt32LE(4)).toBe(-Errno.EINTR));
    torrent.holdAll();
    const body = await askBody(Opcode.READ, node, ...readBody(handle, 99_000, 4096));
    expect(body.equals(torrent.payload.subarray(99_000))).toBe(true);
  });

  it('removes and renames entries of the root', async () => {
    for (const [seed, text] of ['a', 'b'].entries()) mount.engine.addTorrent({ name: text, length: 10, seed });
    await eventually(() => expect(mount.root.all()).toHaveLength(2));
    const renameBody = [u64(ROOT_NODE), u32(1), u32(0), name('a'), name('c')];
    expect(await askBody(Opcode.RENAME2, ROOT_NODE, ...renameBody)).toHaveLength(0);
    expect(await askBody(Opcode.UNLINK, ROOT_NODE, name('b'))).toHaveLength(0);
    expect(await ask(Opcode.UNLINK, ROOT_NODE, name('b'))).toBe(Errno.ENOENT);
    expect(mount.root.all().map(torrent => torrent.name)).toEqual(['c']);
  });

  it('sets and gets an extended attribute', async () => {
    const torrent = mount.engine.addTorrent({ name: 'film.mkv', length: 10 });
    await eventually(() => expect(mount.root.byInfoHash(torrent.infoHash)).toBeDefined());
    const node = await lookup(ROOT_NODE, 'film.mkv');
    const policy = name('user.torrent.policy');
    await askBody(Opcode.SETXATTR, node, u32(6), u32(0), policy, Buffer.from('eagain'));
    expect((await askBody(Opcode.GETXATTR, node, u32(100), u32(0), policy)).toString()).toBe('eagain');
    expect(await ask(Opcode.GETXATTR, node, u32(3), u32(0), policy)).toBe(Errno.ERANGE);
    expect(await ask(Opcode.GETXATTR, node, u32(100), u32(0), name('user.torrent.nothing'))).toBe(Errno.ENODATA);
  });
});
