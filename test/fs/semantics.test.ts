import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/engine/errors.ts';
import { engineErrorCodes } from '../../src/engine/index.ts';
import { toErrnoError } from '../../src/fs/errno-map.ts';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { ErrnoError } from '../../src/fuse/filesystem.ts';
import { ReadError, readErrorCodes } from '../../src/read/errors.ts';
import { documentedTable } from '../fixtures/documented-table.ts';
import { type LaneHarness, u32, u64 } from './lane-harness.ts';
import { film, mountTrees, ROOT, season, walk } from './mounted-trees.ts';

function nameOf(errno: number | undefined): string | undefined {
  return Object.entries(Errno).find(([, value]) => value === errno)?.[0];
}

describe('the errno of a failure', () => {
  const documented = new Map(documentedTable('failure', 'errno', 'because').map(([code, errno]) => [code, errno]));

  it.each(engineErrorCodes)('is as documented for an engine that fails with %s', code => {
    expect(nameOf(toErrnoError(new EngineError(code, 'x')).errno)).toBe(documented.get(code));
  });

  it.each(readErrorCodes)('is as documented for a read that fails with %s', code => {
    expect(nameOf(toErrnoError(new ReadError(code, 'x')).errno)).toBe(documented.get(code));
  });

  it('is documented for nothing else', () => {
    expect([...documented.keys()].sort()).toEqual([...engineErrorCodes, ...readErrorCodes].sort());
  });

  it.each([
    ['an errno that is known already', new ErrnoError(Errno.EISDIR), 'EISDIR'],
    ['an interrupted wait', AbortSignal.abort().reason, 'EINTR'],
    ['a wait that ran out of time', new DOMException('x', 'TimeoutError'), 'ETIMEDOUT'],
    ['a full disk', Object.assign(new Error('x'), { code: 'ENOSPC' }), 'ENOSPC'],
    ['a missing file of our own', Object.assign(new Error('x'), { code: 'ENOENT' }), 'EIO'],
    ['a mistake in the program', new TypeError('x'), 'EIO'],
    ['something that is no error', 'x', 'EIO'],
  ])('is right for %s', (_, error, expected) => {
    expect(nameOf(toErrnoError(error).errno)).toBe(expected);
  });

  it('keeps the message and the cause', () => {
    const cause = new EngineError('not-found', 'no torrent 42');
    expect(toErrnoError(cause)).toMatchObject({ message: 'no torrent 42', cause });
  });
});

describe('a request that is refused', () => {
  type Ask = (kernel: LaneHarness, at: number) => unknown;
  const name = (text: string) => Buffer.from(`${text}\0`);
  const ask =
    (opcode: number, ...body: readonly Uint8Array[]): Ask =>
    (kernel, at) =>
      kernel.request(opcode, at, ...body);
  const xattr = name('user.comment');

  const requests: Readonly<Record<string, Ask>> = {
    'change mode': ask(4, u32(1), Buffer.alloc(84)),
    'change owner': ask(4, u32(2), Buffer.alloc(84)),
    'change size': ask(4, u32(8), Buffer.alloc(84)),
    readlink: ask(5),
    symlink: ask(6, name('a'), name('b')),
    mknod: ask(8, Buffer.alloc(16), name('x')),
    mkdir: ask(9, Buffer.alloc(8), name('x')),
    unlink: ask(10, name('play.sh')),
    rmdir: ask(11, name('disc 1')),
    link: ask(13, u64(1), name('b')),
    'open for writing': ask(14, u32(1), u32(0)),
    'open with O_TRUNC': ask(14, u32(0o1000), u32(0)),
    'set a foreign xattr': ask(21, u32(0), u32(0), xattr),
    'get a foreign xattr': ask(22, u32(0), u32(0), xattr),
    'remove a foreign xattr': ask(24, xattr),
    list: (kernel, at) => kernel.readdir(at),
    create: ask(35, Buffer.alloc(16), name('x.torrent')),
    fallocate: ask(43, Buffer.alloc(32)),
    'rename into': (kernel, at) => kernel.request(45, ROOT, u64(at), u64(0), name('a'), name('b')),
    'rename out of': ask(45, u64(ROOT), u64(0), name('a'), name('b')),
    'SEEK_DATA past the end': ask(46, u64(0), u64(513), u32(3), u32(0)),
    'SEEK_HOLE past the end': ask(46, u64(0), u64(513), u32(4), u32(0)),
    'look up a name': (kernel, at) => kernel.lookup(at, 'gone'),
    attributes: (kernel, at) => kernel.getattr(at),
  };

  const places: Readonly<Record<string, (kernel: LaneHarness) => number>> = {
    'a file of a torrent': kernel => walk(kernel, 'Season/play.sh').node,
    'a directory of a torrent': kernel => walk(kernel, 'Season').node,
    'anything in a torrent': kernel => walk(kernel, 'Season/disc 1').node,
    anything: () => ROOT,
    'the root': () => ROOT,
    'the root, where it is not': () => ROOT,
    'a torrent that is gone and forgotten': () => 77 * 2 ** 32,
  };

  const rows = documentedTable('request', 'on', 'errno');

  it.each(rows)('is: %s on %s, %s', (request = '', on = '', errno) => {
    const { kernel } = mountTrees({ Season: season, 'film.mkv': film });
    const place = places[on];
    if (place === undefined) throw new Error(`the table names a place that nobody knows: ${on}`);
    const outcome = requests[request]?.(kernel, place(kernel));
    expect(typeof outcome === 'number' ? nameOf(outcome) : outcome).toBe(errno);
  });

  it('is documented', () => {
    expect([...new Set(rows.map(([request]) => request))].sort()).toEqual(Object.keys(requests).sort());
    expect([...new Set(rows.map(([, on]) => on))].sort()).toEqual(Object.keys(places).sort());
  });
});
