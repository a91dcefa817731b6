import { describe, expect, it } from 'vitest';
import { KiB, MiB, never, ReaderRig } from './reader-rig.ts';

describe('reading', () => {
  it('gives exactly the bytes of the range, and cuts at the end of the file', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 3 * MiB + 100 });
    const payload = Buffer.from(torrent.payload);
    for (const [offset, length] of [
      [0, 1],
      [MiB - 3, 7],
      [200 * KiB, MiB],
      [3 * MiB, 4096],
      [3 * MiB + 99, 10],
    ] as const) {
      expect((await rig.read(handle, offset, length)).equals(payload.subarray(offset, offset + length))).toBe(true);
    }
    expect(await rig.read(handle, 3 * MiB + 100, 10)).toHaveLength(0);
    expect(await rig.read(handle, 1e12, 10)).toHaveLength(0);
    await rig.reader.stop();
  });

  it('of a file in the middle of a torrent is not confused by its neighbours', async () => {
    const rig = new ReaderRig();
    const files = [1000, 700 * KiB, 1, 5000].map((length, index) => ({ path: [`${index}`], length }));
    const torrent = rig.engine.addTorrent({ files, pieceLength: 64 * KiB });
    for (const [fileIndex, { length }] of files.entries()) {
      const handle = rig.open(torrent, { fileIndex });
      expect((await rig.read(handle, 0, length)).equals(torrent.fileBytes(fileIndex))).toBe(true);
      rig.reader.close(handle);
    }
    await rig.reader.stop();
  });

  it('is answered by the fuse thread alone once the blocks are in the cache', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB });
    await rig.read(handle, 0, 512 * KiB);
    const reply = rig.fast.read(handle, 100, 300 * KiB);
    expect(Buffer.concat(reply?.slices ?? []).equals(torrent.payload.subarray(100, 100 + 300 * KiB))).toBe(true);
    reply?.release();
    await rig.reader.stop();
  });

  it('works, if slowly, without any cache', async () => {
    const rig = new ReaderRig({ cacheBytes: 0 });
    const { torrent, handle } = rig.openNew({ length: 2 * MiB });
    expect((await rig.read(handle, 100, MiB)).equals(torrent.payload.subarray(100, 100 + MiB))).toBe(true);
    await rig.reader.stop();
  });

  it('leaves nothing behind when it is stopped', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 8 * MiB });
    await rig.read(handle, 0, MiB);
    torrent.peers = 0;
    const waiting = rig.read(handle, 7 * MiB, MiB);
    await rig.settle();
    const stopped = rig.reader.stop();
    await expect(waiting).rejects.toMatchObject({ code: 'stopped' });
    await stopped;
    expect(rig.engine.openStreams.size).toBe(0);
    expect(rig.clock.pendingTimers).toBe(0);
    expect(() => rig.open(torrent)).toThrow('going away');
    await expect(
      rig.reader.read(handle, { offset: 0, length: 1 }, { signal: never, nonBlocking: false }),
    ).rejects.toMatchObject({ code: 'bad-handle' });
  });
});
