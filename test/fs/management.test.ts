import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/engine/index.ts';
import { metainfoLimits } from '../../src/engine/metainfo-limits.ts';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { OpenFlag } from '../../src/fuse/abi/flags.ts';
import { ROOT_NODE } from '../../src/fuse/filesystem.ts';
import { eventually } from '../fixtures/eventually.ts';
import { context, SlowLaneHarness } from './slow-lane-harness.ts';

let mount: SlowLaneHarness;
beforeEach(() => {
  mount = new SlowLaneHarness();
});
afterEach(() => mount.discard());

const failing = (errno: number) => expect.objectContaining({ errno });
const bytes = (name: string) => Buffer.from(name);
const hash = 'ab'.repeat(20);

async function mounted(name = 'film.mkv', seed = 1) {
  const torrent = mount.engine.addTorrent({ name, length: 1000, seed });
  await eventually(() => expect(mount.root.byInfoHash(torrent.infoHash)).toBeDefined());
  return torrent;
}

async function mountedSeason(name = 'Season') {
  const torrent = mount.engine.addTorrent({ name, files: [{ path: ['a.mkv'], length: 1000 }] });
  await eventually(() => expect(mount.root.byInfoHash(torrent.infoHash)).toBeDefined());
  return torrent;
}

function renameInRoot(name: string, newName: string): void {
  const names = { name: bytes(name), newName: bytes(newName), flags: 0 };
  mount.lane.rename(context, { parent: ROOT_NODE, newParent: ROOT_NODE, ...names });
}

describe('a dropped .torrent', () => {
  it('is in the root when the copy is done, and the dropped file is not', async () => {
    const torrent = mount.engine.publish({ name: 'film.mkv', length: 100_000 });
    mount.drop('x.torrent', torrent.metainfo);
    expect(await mount.list()).toEqual(['film.mkv']);
    await expect(mount.lookup('x.torrent')).rejects.toEqual(failing(Errno.ENOENT));
    expect(await mount.errors()).toEqual([]);
  });

  it('needs no engine that answers', async () => {
    for (const call of ['list', 'add'] as const) mount.engine.hang(call);
    mount.drop('x.torrent', mount.engine.publish({ name: 'film.mkv', length: 100_000 }).metainfo);
    expect(await mount.list()).toEqual(['film.mkv']);
  });

  it('is there under its name while it is written', async () => {
    const { entry, open } = mount.lane.create(context, ROOT_NODE, bytes('x.torrent'), OpenFlag.WRONLY);
    mount.lane.write(context, { node: entry.node, handle: open.handle, offset: 0, data: bytes('d8:announce') });
    expect(mount.trees.table.isVirtualName(bytes('x.torrent'))).toBe(true);
    expect(await mount.lookup('x.torrent')).toMatchObject({ node: entry.node, attributes: { size: 11 } });
    expect(await mount.list()).toEqual([]);
    mount.lane.unlink(context, ROOT_NODE, bytes('x.torrent'));
    mount.lane.release(context, entry.node, open.handle);
    expect(mount.trees.table.isVirtualName(bytes('x.torrent'))).toBe(false);
    expect(await mount.errors()).toEqual([]);
  });

  it('that rsync wrote under a name of its own is added when it is renamed, and vanishes', async () => {
    const torrent = mount.engine.publish({ name: 'film.mkv', length: 100_000 });
    mount.drop('.x.torrent.aB3dEf', torrent.metainfo);
    expect(await mount.lookup('.x.torrent.aB3dEf')).toBeDefined();
    expect(await mount.list()).toEqual([]);
    expect(() => renameInRoot('.x.torrent.aB3dEf', 'x.mkv')).toThrow(failing(Errno.EROFS));
    renameInRoot('.x.torrent.aB3dEf', 'x.torrent');
    expect(await mount.list()).toEqual(['film.mkv']);
    for (const name of ['.x.torrent.aB3dEf', 'x.torrent']) {
      await expect(mount.lookup(name)).rejects.toEqual(failing(Errno.ENOENT));
    }
    expect(await mount.errors()).toEqual([]);
  });

  it('that rsync wrote and that is none fails when it is renamed, and can be taken away', async () => {
    mount.drop('.x.torrent.aB3dEf', 'garbage');
    expect(() => renameInRoot('.x.torrent.aB3dEf', 'x.torrent')).toThrow(failing(Errno.EINVAL));
    expect(await mount.errors()).toMatchObject([{ name: 'x.torrent', errno: 'EINVAL' }]);
    mount.lane.unlink(context, ROOT_NODE, bytes('.x.torrent.aB3dEf'));
    await expect(mount.lookup('.x.torrent.aB3dEf')).rejects.toEqual(failing(Errno.ENOENT));
  });

  it('that rsync wrote and never renamed goes when others come', async () => {
    for (const letter of 'abcdef') mount.drop(`.x.torrent.aB3dE${letter}`, 'x');
    await expect(mount.lookup('.x.torrent.aB3dEa')).rejects.toEqual(failing(Errno.ENOENT));
    expect(await mount.lookup('.x.torrent.aB3dEf')).toBeDefined();
  });

  it('that is none fails with EINVAL when it is closed, and stands in the errors by its name', async () => {
    expect(() => mount.drop('x.torrent', 'garbage')).toThrow(failing(Errno.EINVAL));
    expect(await mount.errors()).toMatchObject([
      { name: 'x.torrent', source: '7 bytes', errno: 'EINVAL', reason: expect.stringContaining('x.torrent: ') },
    ]);
    await expect(mount.lookup('x.torrent')).rejects.toEqual(failing(Errno.ENOENT));
  });

  it('that is there already fails with EEXIST and says as what', async () => {
    const torrent = await mounted();
    expect(() => mount.drop('x.torrent', torrent.metainfo)).toThrow(failing(Errno.EEXIST));
    expect(await mount.errors()).toMatchObject([{ errno: 'EEXIST', reason: expect.stringContaining('film.mkv') }]);
  });

  it('of no bytes adds nothing and fails nowhere', async () => {
    mount.drop('x.torrent', '');
    expect(await mount.errors()).toEqual([]);
  });

  it('that never ends is refused at the limit', () => {
    const { entry, open } = mount.lane.create(context, ROOT_NODE, bytes('x.torrent'), OpenFlag.WRONLY);
    const write = (offset: number) => () =>
      mount.lane.write(context, { node: entry.node, handle: open.handle, offset, data: bytes('x') });
    expect(write(metainfoLimits.bytes)).toThrow(failing(Errno.EFBIG));
    mount.lane.release(context, entry.node, open.handle);
  });

  it('that the engine refuses later vanishes again, with its reason', async () => {
    mount.engine.failCall('add', 1, new EngineError('bad-source', 'no room for this one'));
    mount.drop('x.torrent', mount.engine.publish({ name: 'film.mkv', length: 10 }).metainfo);
    await eventually(async () => expect(await mount.list()).toEqual([]));
    expect(await mount.errors()).toMatchObject([
      { name: 'x.torrent', errno: 'EINVAL', reason: 'no room for this one' },
    ]);
  });

  it('takes times and modes, as cp -p and mv set them', async () => {
    const { entry, open } = mount.lane.create(context, ROOT_NODE, bytes('x.torrent'), OpenFlag.WRONLY);
    const change = { mode: 0o600, uid: 0, gid: 0, size: undefined, atime: true, mtime: true };
    await mount.lane.setattr(context, entry.node, change);
    const acl = () => mount.lane.setxattr(context, entry.node, 'system.posix_acl_access', bytes(''));
    expect(acl).toThrow(failing(Errno.EOPNOTSUPP));
    mount.lane.release(context, entry.node, open.handle);
  });
});

describe('a dropped file with a magnet, a URL or an info hash', () => {
  it.each([
    ['x.magnet', `magnet:?xt=urn:btih:${hash}\n`],
    ['x.MAGNET', `magnet:?xt=urn:btih:${hash}`],
    ['x.txt', `${hash}\n`],
  ])('adds what %s says', async (name, content) => {
    mount.drop(name, content);
    expect((await mount.status()).torrents).toMatchObject([{ info_hash: hash, state: 'resolving' }]);
    expect(await mount.list()).toEqual([]);
  });

  it('may come in several writes', async () => {
    mount.drop('x.magnet', `magnet:?xt=urn:btih:${hash}&dn=${'x'.repeat(9000)}`);
    expect(mount.catalog.torrents()[0]?.name).toBe('x'.repeat(9000));
  });

  it('that is nonsense fails at the write, for a shell shows no error of close', async () => {
    const { entry, open } = mount.lane.create(context, ROOT_NODE, bytes('x.magnet'), OpenFlag.WRONLY);
    const at = { node: entry.node, handle: open.handle };
    mount.lane.flush(context, at.node, at.handle);
    expect(() => mount.lane.write(context, { ...at, offset: 0, data: bytes('nonsense\n') })).toThrow(
      failing(Errno.EINVAL),
    );
    expect(() => mount.lane.flush(context, at.node, at.handle)).toThrow(failing(Errno.EINVAL));
    mount.lane.release(context, at.node, at.handle);
    expect(await mount.errors()).toMatchObject([{ name: 'x.magnet', source: 'nonsense', errno: 'EINVAL' }]);
  });

  it('of a torrent that is there, or resolving, fails at the write with EEXIST', async () => {
    const torrent = await mounted();
    mount.drop('x.magnet', hash);
    expect(() => mount.drop('y.magnet', torrent.infoHash)).toThrow(failing(Errno.EEXIST));
    expect(() => mount.drop('z.magnet', hash)).toThrow(failing(Errno.EEXIST));
    expect((await mount.errors()).map(({ name }) => name)).toEqual(['y.magnet', 'z.magnet']);
  });
});

it.each(['x', '.x.torrent.aB3dE', 'x.torrent~', 'movie.mkv', '.torrent-fuse2'])(
  'no file named %s can be made',
  name => {
    expect(() => mount.lane.create(context, ROOT_NODE, bytes(name), OpenFlag.WRONLY)).toThrow(failing(Errno.EROFS));
  },
);

describe('removing an entry of the root', () => {
  it('forgets the torrent and keeps its data', async () => {
    const torrent = await mounted();
    torrent.holdAll();
    mount.lane.unlink(context, ROOT_NODE, bytes('film.mkv'));
    expect(await mount.list()).toEqual([]);
    expect(mount.namesGone).toEqual(['film.mkv']);
    expect((await mount.status())['forgotten']).toMatchObject([{ info_hash: torrent.infoHash, name: 'film.mkv' }]);
    await eventually(() => expect(mount.engine.calls.get('forget')).toBe(1));
    expect(torrent.heldCount).toBeGreaterThan(0);
  });

  it('is done at once while the engine answers nothing', async () => {
    await mountedSeason();
    for (const call of ['list', 'forget', 'delete'] as const) mount.engine.hang(call);
    mount.lane.rmdir(context, ROOT_NODE, bytes('Season'));
    expect(await mount.list()).toEqual([]);
  });

  it('is EBUSY while one of its files is open, and only then', async () => {
    await mountedSeason();
    const node = await mount.node('Season/a.mkv');
    const first = await mount.lane.open(context, node, 0);
    const second = await mount.lane.open(context, node, 0);
    const rmdir = () => mount.lane.rmdir(context, ROOT_NODE, bytes('Season'));
    expect(rmdir).toThrow(failing(Errno.EBUSY));
    mount.lane.release(context, node, first.handle);
    expect(rmdir).toThrow(failing(Errno.EBUSY));
    mount.lane.release(context, node, second.handle);
    rmdir();
    expect(await mount.list()).toEqual([]);
  });

  it('fails for what is not there', () => {
    expect(() => mount.lane.unlink(context, ROOT_NODE, bytes('nothing'))).toThrow(failing(Errno.ENOENT));
  });

  it('that the engine refuses brings it back under its name', async () => {
    const torrent = await mountedSeason();
    mount.engine.failCall('forget', 1, new EngineError('io', 'the session is read-only'));
    mount.lane.rmdir(context, ROOT_NODE, bytes('Season'));
    await eventually(async () => expect(await mount.list()).toEqual(['Season']));
    expect(await mount.errors()).toMatchObject([
      { name: 'Season', source: torrent.infoHash, errno: 'EIO', reason: 'the session is read-only' },
    ]);
  });

  it('leaves what is open of a torrent that others removed to fail by itself', async () => {
    const torrent = await mountedSeason();
    const node = await mount.node('Season/a.mkv');
    const { handle } = await mount.lane.open(context, node, 0);
    await mount.engine.forget(torrent.infoHash, { signal: context.signal });
    await eventually(async () => expect(await mount.list()).toEqual([]));
    const read = mount.lane.read(context, { node, handle, offset: 0, size: 10, flags: 0 });
    await expect(read).rejects.toEqual(failing(Errno.ENOENT));
    mount.lane.release(context, node, handle);
  });
});

describe('renaming an entry of the root', () => {
  const rename = (name: string, newName: string | Uint8Array, flags = 0, newParent = ROOT_NODE) =>
    mount.lane.rename(context, {
      parent: ROOT_NODE,
      name: bytes(name),
      newParent,
      newName: Buffer.from(newName),
      flags,
    });

  it('gives it the name, until the next mount and beyond', async () => {
    const torrent = await mounted();
    rename('film.mkv', 'My film.mkv');
    expect(await mount.list()).toEqual(['My film.mkv']);
    await mount.stop();
    mount = new SlowLaneHarness({ dir: mount.dir, engine: mount.engine });
    expect(await mount.list()).toEqual(['My film.mkv']);
    expect(mount.root.byName('My film.mkv')?.infoHash).toBe(torrent.infoHash);
  });

  it.each([
    ['to the name of another', 'other.mkv', Errno.EEXIST],
    ['to the name of the virtual files', '.torrent-fuse', Errno.EEXIST],
    ['to a name with a control character', 'a\nb', Errno.EINVAL],
    ['to a name that is not UTF-8', Buffer.from([0x66, 0xff]), Errno.EINVAL],
  ])('%s is refused', async (_, newName, errno) => {
    await mounted();
    await mounted('other.mkv', 2);
    expect(() => rename('film.mkv', newName)).toThrow(failing(errno));
    expect(await mount.list()).toEqual(['film.mkv', 'other.mkv']);
  });

  it('into a torrent, from nowhere, or as an exchange, is refused', async () => {
    await mountedSeason();
    await mounted();
    expect(() => rename('film.mkv', 'film.mkv', 0, 2 ** 32)).toThrow(failing(Errno.EROFS));
    expect(() => rename('nothing', 'x')).toThrow(failing(Errno.ENOENT));
    expect(() => rename('film.mkv', 'Season', 2)).toThrow(failing(Errno.EINVAL));
  });

  it('to its own name, or while one of its files is open, works', async () => {
    await mountedSeason();
    const node = await mount.node('Season/a.mkv');
    const { handle } = await mount.lane.open(context, node, 0);
    rename('Season', 'Season');
    rename('Season', 'Season 1');
    expect(await mount.node('Season 1/a.mkv')).toBe(node);
    mount.lane.release(context, node, handle);
  });
});

describe('two torrents of one name', () => {
  it('both get their info hash, and the kernel is told that the first name is gone', async () => {
    const first = await mounted('film.mkv', 1);
    const second = await mounted('film.mkv', 2);
    const nameOf = (infoHash: string) => `film [${infoHash.slice(0, 8)}].mkv`;
    expect(await mount.list()).toEqual([nameOf(first.infoHash), nameOf(second.infoHash)]);
    expect(mount.namesGone).toEqual(['film.mkv']);
  });
});

describe('control', () => {
  it('removes a torrent by name, by info hash, and with its data when told so', async () => {
    const one = await mounted('one', 1);
    const two = await mounted('two', 2);
    two.holdAll();
    await mount.control({ command: 'remove', torrent: 'one' });
    await mount.control({ command: 'remove', torrent: two.infoHash, deleteData: true });
    expect(await mount.list()).toEqual([]);
    await eventually(() => expect(two.heldCount).toBe(0));
    expect(mount.catalog.forgotten().map(({ infoHash }) => infoHash)).toEqual([one.infoHash]);
  });

  it('takes an info hash for that of a torrent, whatever another is called', async () => {
    const one = await mounted('one', 1);
    const disguised = await mounted(one.infoHash, 2);
    await mount.control({ command: 'remove', torrent: one.infoHash });
    expect(await mount.list()).toEqual([one.infoHash]);
    expect(mount.catalog.get(disguised.infoHash)).toBeDefined();
    await mount.control({ command: 'remove', torrent: disguised.details.name });
    expect(await mount.list()).toEqual([]);
  });

  it('removes what is still resolving, and a URL that is not fetched', async () => {
    mount.engine.hang('add');
    mount.drop('x.magnet', `magnet:?xt=urn:btih:${hash}&dn=slow`);
    mount.drop('y.magnet', 'http://example.org/x.torrent');
    await mount.control({ command: 'remove', torrent: 'slow' });
    await mount.control({ command: 'remove', torrent: 'http://example.org/x.torrent' });
    expect(await mount.status()).toMatchObject({ torrents: [], pending_urls: [] });
  });

  it('pauses and resumes', async () => {
    const torrent = await mounted();
    await mount.control({ command: 'pause', torrent: 'film.mkv' });
    await eventually(() => expect(torrent.state).toBe('paused'));
    await mount.control({ command: 'resume', torrent: torrent.infoHash });
    await eventually(() => expect(torrent.state).toBe('live'));
  });

  it('sets policy and priority of a path, and takes them back', async () => {
    await mountedSeason();
    await mount.control({ command: 'set', path: 'Season/', policy: 'eagain', priority: 'high' });
    expect(await mount.xattr('Season/a.mkv', 'user.torrent.policy')).toBe('eagain');
    await mount.control({ command: 'set', path: 'Season/a.mkv', policy: 'wait', timeoutMs: 1500 });
    expect(await mount.xattr('Season/a.mkv', 'user.torrent.policy')).toBe('wait:1.5s');
    await mount.control({ command: 'set', path: '', timeoutMs: 5000 });
    await mount.control({ command: 'set', path: 'Season/a.mkv', policy: null, timeoutMs: null });
    await mount.control({ command: 'set', path: 'Season', policy: null });
    expect(await mount.xattr('Season/a.mkv', 'user.torrent.policy')).toBe('wait:5s');
  });

  it('pins a torrent, a directory or a file, again at the next mount', async () => {
    const files = ['a.mkv', 'b.mkv', 'c.mkv'].map(name => ({ path: [name], length: 1000 }));
    const torrent = mount.engine.addTorrent({ name: 'Season', files });
    await eventually(() => expect(mount.root.byName('Season')).toBeDefined());
    const all = { first: 0, endExclusive: torrent.details.files.length };
    const wished = (wanted: readonly object[]) => eventually(() => expect(torrent.wishes.wanted).toEqual(wanted));
    await mount.control({ command: 'set', path: 'Season/a.mkv', pin: true });
    await wished([{ first: 0, endExclusive: 1 }]);
    await mount.control({ command: 'set', path: 'Season', pin: true });
    await wished([all]);
    await mount.control({ command: 'set', path: 'Season/a.mkv', pin: false });
    await wished([{ first: 1, endExclusive: all.endExclusive }]);
    torrent.wishes = { wanted: [], unwanted: [] };
    await mount.stop();
    mount = new SlowLaneHarness({ dir: mount.dir, engine: mount.engine });
    await wished([{ first: 1, endExclusive: all.endExclusive }]);
    expect(torrent.wishes.unwanted).toEqual([{ first: 0, endExclusive: 1 }]);
    await mount.control({ command: 'set', path: 'Season/a.mkv', pin: null });
    await mount.control({ command: 'set', path: 'Season', pin: null });
    await wished([]);
    await mount.control({ command: 'set', path: '', pin: true });
    await wished([all]);
  });

  it('leaves what others selected in the engine alone at a priority where nothing is pinned', async () => {
    const files = ['a.mkv', 'b.mkv'].map(name => ({ path: [name], length: 1000 }));
    const torrent = mount.engine.addTorrent({ name: 'Season', files });
    await eventually(() => expect(mount.root.byName('Season')).toBeDefined());
    const selected = { wanted: [{ first: 1, endExclusive: 2 }], unwanted: [] };
    torrent.wishes = selected;
    for (const path of ['Season/a.mkv', '']) await mount.control({ command: 'set', path, priority: 'high' });
    await mount.control({ command: 'pause', torrent: 'Season' });
    await eventually(() => expect(torrent.state).toBe('paused'));
    expect(torrent.wishes).toBe(selected);
  });

  it.each<[string, unknown, number]>([
    ['no JSON', 'remove film.mkv', Errno.EINVAL],
    ['no command', { command: 'dance' }, Errno.EINVAL],
    ['a command with another field', { command: 'pause', torrent: 'film.mkv', force: true }, Errno.EINVAL],
    ['a longer timeout than a timer can have', { command: 'set', path: '', timeoutMs: 60 * 86_400_000 }, Errno.EINVAL],
    ['nothing to set', { command: 'set', path: 'film.mkv' }, Errno.EINVAL],
    ['a torrent that is not there', { command: 'remove', torrent: 'nothing' }, Errno.ENOENT],
    ['a path that is not there', { command: 'set', path: 'film.mkv/x', policy: 'wait' }, Errno.ENOENT],
  ])('answers %s with its errno', async (_, command, errno) => {
    await mounted();
    await expect(mount.control(command)).rejects.toEqual(failing(errno));
  });

  it('does not remove what is open', async () => {
    await mounted();
    const node = await mount.node('film.mkv');
    const { handle } = await mount.lane.open(context, node, 0);
    const remove = mount.control({ command: 'remove', torrent: 'film.mkv', deleteData: true });
    await expect(remove).rejects.toEqual(failing(Errno.EBUSY));
    mount.lane.release(context, node, handle);
  });

  it('explains itself to whoever reads it', async () => {
    expect(await mount.cat('.torrent-fuse/control')).toContain('"command": "remove"');
  });
});

describe('a mount that is read-only', () => {
  beforeEach(async () => {
    await mount.discard();
    mount = new SlowLaneHarness({ readOnly: true });
  });

  it('refuses every change', async () => {
    await mounted();
    const create = () => mount.lane.create(context, ROOT_NODE, bytes('x.torrent'), OpenFlag.WRONLY);
    const rename = { parent: ROOT_NODE, name: bytes('film.mkv'), newParent: ROOT_NODE, newName: bytes('x'), flags: 0 };
    expect(create).toThrow(failing(Errno.EROFS));
    expect(() => mount.lane.unlink(context, ROOT_NODE, bytes('film.mkv'))).toThrow(failing(Errno.EROFS));
    expect(() => mount.lane.rename(context, rename)).toThrow(failing(Errno.EROFS));
    await expect(mount.control({ command: 'pause', torrent: 'film.mkv' })).rejects.toEqual(failing(Errno.EROFS));
    const policy = mount.lane.setxattr.bind(mount.lane, context, await mount.node('film.mkv'), 'user.torrent.policy');
    expect(() => policy(bytes('eagain'))).toThrow(failing(Errno.EROFS));
  });
});
