import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stateOf } from '../../src/engine/index.ts';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { OpenFlag, OpenReplyFlag } from '../../src/fuse/abi/flags.ts';
import { ErrnoError } from '../../src/fuse/filesystem.ts';
import type { FakeTorrent } from '../fakes/fake-torrent.ts';
import { eventually } from '../fixtures/eventually.ts';
import { context, SlowLaneHarness } from './slow-lane-harness.ts';

const season = {
  name: 'Season',
  files: [
    { path: ['a.mkv'], length: 40_000 },
    { path: ['extras', 'b.mkv'], length: 30_000 },
  ],
  pieceLength: 16_384,
};

let mount: SlowLaneHarness;
beforeEach(() => {
  mount = new SlowLaneHarness();
});
afterEach(() => mount.discard());

async function withTorrent(options: ConstructorParameters<typeof FakeTorrent>[0] = season) {
  const torrent = mount.engine.addTorrent(options);
  await eventually(() => expect(mount.root.byInfoHash(torrent.infoHash)).toBeDefined());
  return torrent;
}

const failing = (errno: number) => expect.objectContaining({ errno });

describe('opening a file of a torrent', () => {
  it('that is not wholly held asks for direct I/O', async () => {
    await withTorrent();
    const reply = await mount.lane.open(context, await mount.node('Season/a.mkv'), 0);
    expect(reply).toMatchObject({ flags: OpenReplyFlag.DIRECT_IO | OpenReplyFlag.NOFLUSH, backingId: 0 });
  });

  it('that is wholly held and verified keeps the page cache', async () => {
    await withTorrent();
    mount.reader.verified = { path: '/does/not/matter', state: await stateOf('/'), mayHang: false };
    const reply = await mount.lane.open(context, await mount.node('Season/a.mkv'), 0);
    expect(reply).toMatchObject({ flags: OpenReplyFlag.KEEP_CACHE | OpenReplyFlag.NOFLUSH, backingId: 0 });
  });

  describe('by passthrough', () => {
    const backing = {
      open: (): number => 7,
      close: (id: number) => closed.push(id),
    };
    const closed: number[] = [];
    let path: string;
    const verified = async () => ({ path, state: await stateOf(path), mayHang: false });

    /** Opened once by passthrough. @returns to open it once more */
    async function opened() {
      closed.length = 0;
      await mount.discard();
      mount = new SlowLaneHarness({ backing });
      await withTorrent();
      path = join(mount.dir, 'a.mkv');
      writeFileSync(path, 'as it was verified');
      mount.reader.verified = await verified();
      const node = await mount.node('Season/a.mkv');
      const open = () => mount.lane.open(context, node, 0);
      expect((await open()).backingId).toBe(7);
      return open;
    }

    it('is joined by further opens while the file is what it was, and no engine is asked', async () => {
      const open = await opened();
      mount.reader.verifyingHangs = true;
      const before = mount.reader.verifications;
      expect(await open()).toMatchObject({ flags: OpenReplyFlag.PASSTHROUGH | OpenReplyFlag.NOFLUSH, backingId: 7 });
      expect(mount.reader.verifications).toBe(before);
    });

    it('is joined by an open that asked before it began, and got no answer', async () => {
      const open = await opened();
      for (const handle of mount.reader.policies.keys()) {
        mount.lane.release(context, await mount.node('Season/a.mkv'), handle);
      }
      mount.reader.verifyingHangs = true;
      const first = open();
      mount.reader.verifyingHangs = false;
      expect((await open()).backingId).toBe(7);
      expect((await first).backingId).toBe(7);
    });

    it('is EIO for a further open once the file has changed, unless it was verified anew', async () => {
      const open = await opened();
      appendFileSync(path, ', and no more');
      mount.reader.verified = undefined;
      await expect(open()).rejects.toEqual(failing(Errno.EIO));
      mount.reader.verified = await verified();
      expect((await open()).backingId).toBe(7);
    });
  });

  it('waits for no engine', async () => {
    await withTorrent();
    mount.reader.verifyingHangs = true;
    const reply = await mount.lane.open(context, await mount.node('Season/a.mkv'), 0);
    expect(reply.flags).toBe(OpenReplyFlag.DIRECT_IO | OpenReplyFlag.NOFLUSH);
  });

  it('to write is refused', async () => {
    await withTorrent();
    const node = await mount.node('Season/a.mkv');
    await expect(mount.lane.open(context, node, OpenFlag.RDWR)).rejects.toEqual(failing(Errno.EROFS));
  });

  it('falls back to the page cache where direct I/O cannot be mapped', async () => {
    await withTorrent();
    mount.lane.init({ maxRead: 1 << 20, directIoMmap: false, passthrough: false });
    const node = await mount.node('Season/a.mkv');
    const { handle, flags } = await mount.lane.open(context, node, 0);
    expect(flags).toBe(OpenReplyFlag.KEEP_CACHE);
    mount.lane.flush(context, node, handle); // which the kernel leaves out of the others
    expect(mount.reader.flushedHandles).toEqual([handle]);
  });
});

describe('reading a file of a torrent', () => {
  async function open(path: string) {
    const node = await mount.node(path);
    const { handle } = await mount.lane.open(context, node, 0);
    const read = (offset: number, size: number, flags = 0, signal = context.signal) =>
      mount.lane.read({ ...context, signal }, { node, handle, offset, size, flags });
    return { node, handle, read };
  }

  it('gives its bytes, cut at its end and nowhere else', async () => {
    const torrent = await withTorrent();
    torrent.holdAll();
    const { read } = await open('Season/extras/b.mkv');
    const bytes = Buffer.concat([...(await read(29_000, 4096)).slices]);
    expect(bytes.equals(torrent.fileBytes(1).subarray(29_000))).toBe(true);
    expect((await read(30_000, 4096)).slices).toEqual([]);
  });

  it('with O_NONBLOCK fails with EAGAIN for what is missing', async () => {
    await withTorrent();
    const { read } = await open('Season/a.mkv');
    await expect(read(0, 10, OpenFlag.NONBLOCK)).rejects.toEqual(failing(Errno.EAGAIN));
  });

  it('that is interrupted fails with the reason of the interruption', async () => {
    await withTorrent();
    const { read } = await open('Season/a.mkv');
    const controller = new AbortController();
    const waiting = read(0, 10, 0, controller.signal);
    controller.abort(new ErrnoError(Errno.EINTR));
    await expect(waiting).rejects.toEqual(failing(Errno.EINTR));
  });

  it('of a torrent that was dropped a moment ago waits for the engine to take it', async () => {
    const release = mount.engine.hang('add');
    const torrent = mount.engine.publish({ name: 'film.mkv', length: 1000 });
    torrent.holdAll();
    mount.drop('film.torrent', torrent.metainfo);
    const { read } = await open('film.mkv');
    await expect(read(0, 10, OpenFlag.NONBLOCK)).rejects.toEqual(failing(Errno.EAGAIN));
    const waiting = read(0, 10);
    release();
    expect((await waiting).slices).toEqual([torrent.payload.slice(0, 10)]);
  });

  it('of a torrent that the engine has yet to take fails when the mount is to go, and the next waits anew', async () => {
    const release = mount.engine.hang('add');
    const torrent = mount.engine.publish({ name: 'film.mkv', length: 1000 });
    torrent.holdAll();
    mount.drop('film.torrent', torrent.metainfo);
    const { read } = await open('film.mkv');
    const dismissed = expect(read(0, 10)).rejects.toEqual(failing(Errno.EIO));
    mount.lane.dismiss(2_000);
    await dismissed;
    const waiting = read(0, 10);
    release();
    expect((await waiting).slices).toEqual([torrent.payload.slice(0, 10)]);
  });

  it('closes the reader’s handle on release, once', async () => {
    await withTorrent();
    const { node, handle, read } = await open('Season/a.mkv');
    mount.lane.flush(context, node, handle);
    mount.lane.release(context, node, handle);
    mount.lane.release(context, node, handle);
    expect(mount.reader.policies.size).toBe(0);
    await expect(read(0, 10)).rejects.toEqual(failing(Errno.EBADF));
  });
});

describe('extended attributes', () => {
  it('are those that the node has', async () => {
    await withTorrent();
    const ofFile = await mount.xattrs('Season/a.mkv');
    const ofDirectory = await mount.xattrs('Season/extras');
    expect(ofDirectory).toEqual(
      ['status', 'infohash', 'state', 'progress', 'magnet', 'policy'].map(name => `user.torrent.${name}`),
    );
    expect(ofFile).toEqual([...ofDirectory, 'user.torrent.pieces', 'user.torrent.ranges']);
    for (const name of ofFile) await mount.xattr('Season/a.mkv', name);
    for (const name of ofDirectory) await mount.xattr('Season', name);
    await expect(mount.xattr('Season', 'user.torrent.pieces')).rejects.toEqual(failing(Errno.ENODATA));
    await expect(mount.xattr('Season', 'security.selinux')).rejects.toEqual(failing(Errno.ENODATA));
    expect(mount.lane.listxattr(context, 1)).toEqual([]);
    await expect(mount.lane.getxattr(context, 1, 'user.torrent.state')).rejects.toEqual(failing(Errno.ENODATA));
  });

  it('tell of the whole torrent, and of the pieces and ranges of the file', async () => {
    const torrent = await withTorrent();
    torrent.hold(0, 2, 3);
    torrent.engineId = 7;
    await eventually(() => expect(mount.catalog.get(torrent.infoHash)?.summary?.progressBytes).toBeGreaterThan(0));
    const status = JSON.parse(await mount.xattr('Season/extras/b.mkv', 'user.torrent.status'));
    expect(status).toMatchObject({
      torrent_id: 7,
      info_hash: torrent.infoHash,
      state: 'idle',
      progress_pct: Math.floor((3 * 16_384 * 10_000) / 70_000) / 100,
      progress_bytes: 3 * 16_384,
      total_bytes: 70_000,
      downloaded_pieces: 3,
      total_pieces: 5,
      peers: 1,
      download_speed: 0,
    });
    expect(await mount.xattr('Season', 'user.torrent.progress')).toBe(`${status.progress_pct}`);
    expect(await mount.xattr('Season', 'user.torrent.infohash')).toBe(torrent.infoHash);
    expect(await mount.xattr('Season', 'user.torrent.magnet')).toBe(
      `magnet:?xt=urn:btih:${torrent.infoHash}&dn=Season`,
    );
    // a.mkv lies in the pieces 0 to 2, b.mkv in 2 to 4.
    expect(await mount.xattr('Season/a.mkv', 'user.torrent.pieces')).toBe('a0');
    expect(await mount.xattr('Season/extras/b.mkv', 'user.torrent.pieces')).toBe('c0');
    expect(await mount.xattr('Season/a.mkv', 'user.torrent.ranges')).toBe('0-16384,32768-40000');
    expect(await mount.xattr('Season/extras/b.mkv', 'user.torrent.ranges')).toBe(`0-${4 * 16_384 - 40_000}`);
    expect(await mount.cat(`.torrent-fuse/pieces/${torrent.infoHash}/1`)).toBe('c0\n');
    expect(await mount.cat(`.torrent-fuse/ranges/${torrent.infoHash}/0`)).toBe('0-16384,32768-40000\n');
  });

  it('over 64 KiB are E2BIG, and whole in .torrent-fuse', async () => {
    const torrent = await withTorrent({ name: 'big', length: 270_000, pieceLength: 1 });
    await expect(mount.xattr('big', 'user.torrent.pieces')).rejects.toEqual(failing(Errno.E2BIG));
    expect((await mount.cat(`.torrent-fuse/pieces/${torrent.infoHash}/0`)).length).toBe(270_000 / 4 + 1);
  });

  it('answer without an engine, but for the pieces, which have their time limit', async () => {
    await withTorrent();
    mount.engine.hang('pieces');
    expect(JSON.parse(await mount.xattr('Season', 'user.torrent.status'))).toMatchObject({ total_pieces: 5 });
    await expect(mount.xattr('Season/a.mkv', 'user.torrent.pieces')).rejects.toEqual(failing(Errno.ETIMEDOUT));
  });

  it('set the policy of what is open, of what is below, and inherit it again', async () => {
    await withTorrent();
    const directory = await mount.node('Season');
    const file = await mount.node('Season/extras/b.mkv');
    const { handle } = await mount.lane.open(context, file, 0);
    expect(await mount.xattr('Season/extras/b.mkv', 'user.torrent.policy')).toBe('wait:30s');
    mount.lane.setxattr(context, directory, 'user.torrent.policy', Buffer.from('eagain'));
    expect(await mount.xattr('Season/extras/b.mkv', 'user.torrent.policy')).toBe('eagain');
    expect(mount.reader.policies.get(handle)).toMatchObject({ whenMissing: 'eagain', timeoutMs: 30_000 });
    mount.lane.setxattr(context, file, 'user.torrent.policy', Buffer.from('wait:90s'));
    expect(mount.reader.policies.get(handle)).toMatchObject({ whenMissing: 'wait', timeoutMs: 90_000 });
    mount.lane.removexattr(context, file, 'user.torrent.policy');
    expect(mount.reader.policies.get(handle)?.whenMissing).toBe('eagain');
    expect(() => mount.lane.removexattr(context, file, 'user.torrent.policy')).toThrow(failing(Errno.ENODATA));
    const set = (name: string, value: string) => () => mount.lane.setxattr(context, file, name, Buffer.from(value));
    for (const bad of ['sometimes', 'wait:1441m']) {
      expect(set('user.torrent.policy', bad)).toThrow(failing(Errno.EINVAL));
    }
    expect(set('user.torrent.state', 'seeding')).toThrow(failing(Errno.EROFS));
  });
});

describe('.torrent-fuse', () => {
  it('is reachable by name, not listed in the root, and lists what it has', async () => {
    await withTorrent();
    expect(await mount.list()).toEqual(['Season']);
    expect(await mount.list('.torrent-fuse')).toEqual([
      'status.json',
      'errors',
      'control',
      'torrents',
      'pieces',
      'ranges',
    ]);
    await expect(mount.lookup('.torrent-fuse/metrics')).rejects.toEqual(failing(Errno.ENOENT));
  });

  it('tells the status of the mount and of every torrent', async () => {
    const torrent = await withTorrent();
    mount.drop('x.magnet', `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=slow`);
    mount.drop('y.magnet', 'http://example.org/x.torrent');
    expect(await mount.status()).toMatchObject({
      schema_version: 1,
      mountpoint: '/mnt/films',
      pid: 42,
      engine: 'a fake engine',
      engine_answers: true,
      torrents: [
        { name: 'Season', mounted: true, info_hash: torrent.infoHash, state: 'idle', total_bytes: 70_000, error: null },
        { name: 'slow', mounted: false, state: 'resolving', total_pieces: null },
      ],
      pending_urls: [{ url: 'http://example.org/x.torrent', error: null }],
      forgotten: [],
      errors: 0,
      cache: { hits: 1 },
    });
  });

  it('has the exact .torrent of every torrent', async () => {
    const torrent = await withTorrent();
    expect(await mount.list('.torrent-fuse/torrents')).toEqual([`${torrent.infoHash}.torrent`]);
    const path = `.torrent-fuse/torrents/${torrent.infoHash}.torrent`;
    expect(await mount.cat(path)).toBe(Buffer.from(torrent.metainfo).toString());
    await expect(mount.lookup(`.torrent-fuse/torrents/${'0'.repeat(40)}.torrent`)).rejects.toEqual(
      failing(Errno.ENOENT),
    );
  });

  it('mirrors the mount for whoever has something to say of each file', async () => {
    await mount.discard();
    const why = ({ path }: { path: string }) => `nothing is wrong with ${path}\n`;
    mount = new SlowLaneHarness({ contents: { mirrors: { why }, metrics: () => 'up 1\n' } });
    await withTorrent();
    expect(await mount.list('.torrent-fuse/why')).toEqual(['Season']);
    expect(await mount.list('.torrent-fuse/why/Season')).toEqual(['extras', 'a.mkv']);
    expect(await mount.cat('.torrent-fuse/why/Season/extras/b.mkv')).toBe(
      'nothing is wrong with Season/extras/b.mkv\n',
    );
    expect(await mount.cat('.torrent-fuse/metrics')).toBe('up 1\n');
  });

  it('holds what was true when a file was opened', async () => {
    await withTorrent();
    const node = await mount.node('.torrent-fuse/status.json');
    const { handle } = await mount.lane.open(context, node, 0);
    const read = async (offset: number, size: number) =>
      Buffer.concat([...(await mount.lane.read(context, { node, handle, offset, size, flags: 0 })).slices]).toString();
    const before = await read(0, 1 << 20);
    mount.drop('x.magnet', 'ab'.repeat(20));
    expect(await read(0, 1 << 20)).toBe(before);
    expect(await read(5, 10)).toBe(before.slice(5, 15));
    expect(await mount.cat('.torrent-fuse/status.json')).not.toBe(before);
  });

  it('cannot be changed but through control', async () => {
    const directory = await mount.node('.torrent-fuse');
    const status = await mount.node('.torrent-fuse/status.json');
    expect(() => mount.lane.unlink(context, directory, Buffer.from('status.json'))).toThrow(failing(Errno.EROFS));
    expect(() => mount.lane.create(context, directory, Buffer.from('x.torrent'), 1)).toThrow(failing(Errno.EROFS));
    expect(() => mount.lane.rmdir(context, 1, Buffer.from('.torrent-fuse'))).toThrow(failing(Errno.EROFS));
    const { handle } = await mount.lane.open(context, status, 0);
    expect(() => mount.lane.write(context, { node: status, handle, offset: 0, data: Buffer.from('x') })).toThrow(
      failing(Errno.EROFS),
    );
    await expect(mount.lane.open(context, directory, 0)).rejects.toEqual(failing(Errno.EISDIR));
  });

  it('forgets a node when the kernel has', async () => {
    const first = await mount.node('.torrent-fuse/status.json');
    expect(await mount.node('.torrent-fuse/status.json')).toBe(first);
    mount.lane.forget(first, 1);
    await mount.lane.getattr(context, first);
    mount.lane.forget(first, 1);
    expect(() => mount.lane.getattr(context, first)).toThrow(failing(Errno.ESTALE));
    expect(await mount.node('.torrent-fuse/status.json')).not.toBe(first);
  });
});
