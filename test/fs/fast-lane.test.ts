import { describe, expect, it } from 'vitest';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { type LaneHarness, u32, u64 } from './lane-harness.ts';
import { film, mountTrees, ROOT, season, VIRTUAL, walk } from './mounted-trees.ts';

describe('a request', () => {
  const play = (kernel: LaneHarness) => walk(kernel, 'Season/play.sh').node;
  const inTorrent = (kernel: LaneHarness) => walk(kernel, 'Season').node;
  const atRoot = () => ROOT;
  const atVirtual = () => VIRTUAL;
  const name = (text: string) => Buffer.from(`${text}\0`);
  const setattr = (valid: number) => [u32(valid), Buffer.alloc(84)];
  const resize = (size: number) => [u32(8), u32(0), u64(0), u64(size), Buffer.alloc(64)];
  const renameTo = (parent: number) => [u64(parent), u32(0), u32(0), name('a'), name('b')];
  const getxattr = (attribute: string) => [u32(0), u32(0), name(attribute)];
  const setxattr = (attribute: string) => [u32(0), u32(0), name(attribute)];
  const open = (flags: number) => [u32(flags), u32(0)];
  const create = [u32(0o102), u32(0o644), u32(0), u32(0), name('x.torrent')];
  const write = [u64(1), u64(0), u32(0), u32(0), u64(0), u32(1), u32(0)];
  const lseek = (offset: number, whence: number) => [u64(0), u64(offset), u32(whence), u32(0)];
  const handle = [u64(1), Buffer.alloc(16)];

  type Where = (kernel: LaneHarness) => number;
  const cases: [string, number, Where, Uint8Array[], number | 'forwarded' | 'done'][] = [
    ['SETATTR of times in a torrent', 4, play, setattr(0x1b0), 'done'],
    ['SETATTR of times of the root', 4, atRoot, setattr(0x1b0), 'done'],
    ['SETATTR of a mode in a torrent', 4, play, setattr(1), Errno.EROFS],
    ['SETATTR of a size in a torrent', 4, play, setattr(8), Errno.EROFS],
    ['SETATTR of an owner of the root', 4, atRoot, setattr(2), Errno.EROFS],
    ['SETATTR of a dropped file', 4, atVirtual, setattr(1), 'forwarded'],
    ['READLINK of a file', 5, play, [], Errno.EINVAL],
    ['MKNOD in the root', 8, atRoot, [Buffer.alloc(16), name('x')], Errno.EROFS],
    ['MKDIR in the root', 9, atRoot, [Buffer.alloc(8), name('x')], Errno.EROFS],
    ['UNLINK in a torrent', 10, inTorrent, [name('play.sh')], Errno.EROFS],
    ['UNLINK in the root', 10, atRoot, [name('film.mkv')], 'forwarded'],
    ['RMDIR in a torrent', 11, inTorrent, [name('disc 1')], Errno.EROFS],
    ['RMDIR in the root', 11, atRoot, [name('Season')], 'forwarded'],
    ['OPEN to read', 14, play, open(0), 'forwarded'],
    ['OPEN to write', 14, play, open(1), Errno.EROFS],
    ['OPEN to read and write', 14, play, open(2), Errno.EROFS],
    ['OPEN to truncate', 14, play, open(0o1000), Errno.EROFS],
    ['OPEN to write a virtual file', 14, atVirtual, open(1), 'forwarded'],
    ['WRITE to a torrent', 16, play, write, Errno.EROFS],
    ['WRITE to a dropped file', 16, atVirtual, write, 'forwarded'],
    ['RELEASE', 18, play, [...handle], 'forwarded'],
    ['FSYNC of a torrent', 20, play, [...handle], 'done'],
    ['FSYNC of a dropped file', 20, atVirtual, [...handle], 'forwarded'],
    ['SETXATTR of ours', 21, play, setxattr('user.torrent.policy'), 'forwarded'],
    ['SETXATTR of another', 21, play, setxattr('user.comment'), Errno.EROFS],
    ['GETXATTR of ours', 22, play, getxattr('user.torrent.status'), 'forwarded'],
    ['GETXATTR of another', 22, play, getxattr('security.capability'), Errno.ENODATA],
    ['GETXATTR of another of a virtual file', 22, atVirtual, getxattr('security.selinux'), Errno.ENODATA],
    ['LISTXATTR of a file', 23, play, [u32(0), u32(0)], 'done'],
    ['LISTXATTR of a virtual file', 23, atVirtual, [u32(0), u32(0)], 'forwarded'],
    ['REMOVEXATTR of another', 24, play, [name('user.comment')], Errno.ENODATA],
    ['FLUSH', 25, play, [...handle], 'forwarded'],
    ['OPENDIR', 27, inTorrent, open(0), 'done'],
    ['OPENDIR of a virtual directory', 27, atVirtual, open(0), 'forwarded'],
    ['READDIR of a file', 28, play, [...handle, Buffer.alloc(16)], Errno.ENOTDIR],
    ['RELEASEDIR', 29, inTorrent, [...handle], 'done'],
    ['ACCESS to read', 34, play, [u32(4), u32(0)], 'done'],
    ['ACCESS to write', 34, play, [u32(2), u32(0)], Errno.EROFS],
    ['ACCESS to write to the root', 34, atRoot, [u32(2), u32(0)], 'done'],
    ['CREATE in the root', 35, atRoot, create, 'forwarded'],
    ['CREATE in a torrent', 35, inTorrent, create, Errno.EROFS],
    ['RENAME within the root', 45, atRoot, renameTo(ROOT), 'forwarded'],
    ['RENAME into a torrent', 45, atRoot, renameTo(2 ** 32), Errno.EROFS],
    ['RENAME out of a torrent', 45, inTorrent, renameTo(ROOT), Errno.EROFS],
    ['LSEEK to data', 46, play, lseek(5, 3), 'done'],
    ['LSEEK to data past the end', 46, play, lseek(513, 3), Errno.ENXIO],
    ['LSEEK to a hole past the end', 46, play, lseek(513, 4), Errno.ENXIO],
    ['LSEEK to data past the end of all files', 46, play, lseek(2 ** 60, 3), Errno.ENXIO],
    ['LSEEK to a hole past the end of all files', 46, play, lseek(2 ** 63 - 1024, 4), Errno.ENXIO],
    ['SETATTR of a size over all others in a torrent', 4, play, resize(2 ** 60), Errno.EROFS],
    ['LSEEK to nowhere', 46, play, lseek(0, 9), Errno.EINVAL],
    ['LSEEK in a virtual file', 46, atVirtual, lseek(0, 3), 'forwarded'],
    ['SYMLINK in the root', 6, atRoot, [name('a'), name('b')], Errno.EROFS],
    ['LINK in the root', 13, atRoot, [u64(1), name('b')], Errno.EROFS],
    ['FALLOCATE', 43, play, [Buffer.alloc(32)], Errno.EROFS],
    ['of no known kind', 999, play, [], Errno.ENOSYS],
  ];

  it.each(cases)('%s', (_, opcode, where, body, expected) => {
    const { kernel } = mountTrees({ Season: season, 'film.mkv': film });
    const outcome = kernel.request(opcode, where(kernel), ...body);
    expect(Buffer.isBuffer(outcome) ? 'done' : outcome).toBe(expected);
  });

  it.each(
    cases.filter(([, opcode, , , expected]) => expected === 'forwarded' && [10, 11, 16, 21, 35, 45].includes(opcode)),
  )('%s, on a read-only mount', (_, opcode, where, body) => {
    const { kernel } = mountTrees({ Season: season }, { readOnly: true });
    expect(kernel.request(opcode, where(kernel), ...body)).toBe(Errno.EROFS);
  });

  it('LSEEK finds data everywhere and a hole at the end', () => {
    const { kernel } = mountTrees({ Season: season });
    expect(kernel.request(46, play(kernel), ...lseek(5, 3))).toEqual(u64(5));
    expect(kernel.request(46, play(kernel), ...lseek(5, 4))).toEqual(u64(513));
  });

  it('READLINK tells the way to the target', () => {
    const { kernel } = mountTrees({ Season: season });
    expect(`${kernel.request(5, walk(kernel, 'Season/link').node)}`).toBe('disc 1/empty');
  });

  it('OPENDIR lets the kernel keep the listing of a torrent, and not that of the root', () => {
    const { kernel } = mountTrees({ Season: season });
    const flagsOf = (node: number) => (kernel.request(27, node, ...open(0)) as Buffer).readUInt32LE(8);
    expect(flagsOf(inTorrent(kernel))).toBe(0b1010);
    expect(flagsOf(ROOT)).toBe(0);
  });

  it.each([
    ['Season', 'status infohash state progress magnet policy'],
    ['Season/disc 1', 'status infohash state progress magnet policy'],
    ['Season/play.sh', 'status infohash state progress magnet policy pieces ranges'],
    ['film.mkv', 'status infohash state progress magnet policy pieces ranges'],
    ['Season/link', ''],
  ])('LISTXATTR tells what %s has', (path, names) => {
    const { kernel } = mountTrees({ Season: season, 'film.mkv': film });
    const expected = names.split(' ').filter(Boolean);
    const reply = `${kernel.request(23, walk(kernel, path).node, u32(4096), u32(0))}`;
    expect(reply).toBe(expected.map(each => `user.torrent.${each}\0`).join(''));
  });

  it('STATFS tells what main has written', () => {
    const { kernel, statistics } = mountTrees({});
    statistics.write({
      blockSize: 4096,
      blocks: 2 ** 40,
      blocksFree: 3,
      blocksAvailable: 2,
      files: 7,
      filesFree: 0,
      nameLengthMax: 255,
    });
    const reply = kernel.request(17, ROOT) as Buffer;
    expect(reply.readBigUInt64LE(0)).toBe(2n ** 40n);
    expect(reply.readBigUInt64LE(16)).toBe(2n);
    expect(reply.readUInt32LE(40)).toBe(4096);
    expect(reply.readUInt32LE(44)).toBe(255);
  });
});

describe('a read', () => {
  const read = (offset: number, size: number) => [u64(9), u64(offset), u32(size), u32(0), u64(0), u32(0), u32(0)];

  it('is answered from the cache, and main hears of it when it must', () => {
    const touched: number[] = [];
    let released = 0;
    const { kernel } = mountTrees(
      { 'film.mkv': film },
      {
        reads: {
          read: (handle, offset, size) => ({
            slices: [Buffer.from(`${handle} ${offset}`), Buffer.from(` ${size}`)],
            touched: offset > 0,
            release: () => {
              released += 1;
            },
          }),
        },
        onTouched: handle => touched.push(handle),
      },
    );
    const { node } = walk(kernel, 'film.mkv');
    expect(`${kernel.request(15, node, ...read(0, 50))}`).toBe('9 0 50');
    expect(`${kernel.request(15, node, ...read(7, 50))}`).toBe('9 7 50');
    expect(touched).toEqual([9]);
    expect(released).toBe(2);
  });

  it('goes to main when the cache lacks something, or the file is virtual', () => {
    const { kernel } = mountTrees({ 'film.mkv': film });
    expect(kernel.request(15, walk(kernel, 'film.mkv').node, ...read(0, 50))).toBe('forwarded');
    expect(kernel.request(15, VIRTUAL, ...read(0, 50))).toBe('forwarded');
  });
});
