import { describe, expect, it } from 'vitest';
import type { FakeTorrent } from '../fakes/fake-torrent.ts';
import { KiB, MiB, ReaderRig } from './reader-rig.ts';

/** The engine has fetched all that it will. */
async function quiet(rig: ReaderRig, torrent: FakeTorrent): Promise<number> {
  let before = -1;
  while (before !== torrent.fetchedBytes) {
    before = torrent.fetchedBytes;
    await rig.settle(50);
  }
  return before;
}

describe('what is fetched from the swarm', () => {
  it('for a whole file read in sequence is the file, once', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 40 * MiB + 77, pieceLength: MiB });
    const chunks: Buffer[] = [];
    for (let offset = 0; offset < torrent.payload.length; offset += 128 * KiB) {
      chunks.push(await rig.read(handle, offset, 128 * KiB));
    }
    expect(Buffer.concat(chunks).equals(torrent.payload)).toBe(true);
    expect(await quiet(rig, torrent)).toBe(torrent.payload.length);
    expect(rig.reader.statistics().traffic.fromStreams).toBeLessThan(1.15 * torrent.payload.length);
    await rig.reader.stop();
  });

  it.each([8 * KiB, 64 * KiB])('for the first 64 KiB, read by %i, is a piece', async step => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 64 * MiB, pieceLength: MiB });
    for (let offset = 0; offset < 64 * KiB; offset += step) await rig.read(handle, offset, step);
    expect(await quiet(rig, torrent)).toBe(MiB);
    await rig.reader.stop();
  });

  it('for 20 random reads is their pieces', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 64 * MiB, pieceLength: MiB });
    const pieces = new Set<number>();
    for (let read = 0; read < 20; read++) {
      const offset = (read * 7_654_321) % (63 * MiB);
      pieces.add(Math.floor(offset / MiB)).add(Math.floor((offset + 64 * KiB - 1) / MiB));
      await rig.read(handle, offset, 64 * KiB);
    }
    expect(await quiet(rig, torrent)).toBe(pieces.size * MiB);
    await rig.reader.stop();
  });

  it('for a player that pauses stops at its window', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 64 * MiB, pieceLength: MiB });
    let offset = 0;
    // 1 MiB a second for 8 s.
    for (; offset < 8 * MiB; offset += 128 * KiB) {
      await rig.read(handle, offset, 128 * KiB);
      await rig.settle(2);
      rig.clock.advance(125);
    }
    const fetched = await quiet(rig, torrent);
    expect(fetched - offset).toBeGreaterThanOrEqual(MiB);
    expect(fetched - offset).toBeLessThanOrEqual(12 * MiB);
    rig.clock.advance(60_000);
    expect(await quiet(rig, torrent)).toBe(fetched);
    await rig.reader.stop();
  });

  it('ahead of a reader is dropped at once when it seeks', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 100 * MiB, pieceLength: MiB });
    torrent.withhold(5, 6, 7, 8);
    for (let offset = 0; offset < 4 * MiB; offset += 128 * KiB) await rig.read(handle, offset, 128 * KiB);
    await rig.settle();
    expect([...rig.engine.openStreams]).toMatchObject([{ endExclusive: expect.any(Number) }]);
    await rig.read(handle, 80 * MiB, 64 * KiB);
    const fetched = await quiet(rig, torrent);
    torrent.release(5, 6, 7, 8);
    expect(await quiet(rig, torrent)).toBe(fetched);
    await rig.reader.stop();
  });

  it('for a probe of the tail is the tail alone, and the reader goes on as if nothing had been', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 64 * MiB, pieceLength: MiB });
    for (let offset = 0; offset < 2 * MiB; offset += 128 * KiB) await rig.read(handle, offset, 128 * KiB);
    const before = await quiet(rig, torrent);
    await rig.read(handle, 64 * MiB - 100 * KiB, 64 * KiB);
    expect((await quiet(rig, torrent)) - before).toBe(MiB);
    const windows = rig.reader.snapshot()[0]?.windows ?? [];
    expect(windows).toMatchObject([{ position: 2 * MiB }]);
    await rig.reader.stop();
  });

  it.each(['before', 'after'])('goes on after a probe that main hears of %s the reader is back', async heard => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 64 * MiB, pieceLength: MiB });
    await rig.read(rig.open(torrent), 63 * MiB, MiB); // so that the cache answers the probe
    let offset = 0;
    const window = () => rig.reader.snapshot()[0]?.windows[0] ?? { position: 0, end: 0 };
    for (; offset < 16 * MiB || offset < window().position + 2 * MiB; offset += 128 * KiB) {
      await rig.read(handle, offset, 128 * KiB);
      await quiet(rig, torrent);
    }
    const { end } = window();
    const probe = rig.fast.read(handle, 64 * MiB - 100 * KiB, 64 * KiB);
    expect(probe?.touched).toBe(true);
    if (heard === 'before') rig.reader.touched(handle);
    rig.fast.read(handle, offset, 128 * KiB)?.release();
    rig.reader.touched(handle);
    expect(window()).toMatchObject({ position: offset + 128 * KiB });
    expect(window().end).toBeGreaterThan(end);
    await rig.reader.stop();
  });

  it('for two readers that take turns on one handle is what each reads', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 64 * MiB, pieceLength: MiB });
    for (let step = 0; step < 64; step++) {
      for (const start of [0, 40 * MiB]) {
        const offset = start + step * 128 * KiB;
        const bytes = await rig.read(handle, offset, 128 * KiB);
        expect(bytes.equals(torrent.payload.subarray(offset, offset + 128 * KiB))).toBe(true);
      }
    }
    expect(rig.reader.snapshot()[0]?.windows).toHaveLength(2);
    expect(rig.engine.calls.get('open')).toBeLessThan(12);
    await rig.reader.stop();
  });

  it('by many readers of one file is fetched once', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 8 * MiB, pieceLength: MiB });
    const handles = [handle, ...Array.from({ length: 9 }, () => rig.open(torrent))];
    const all = await Promise.all(handles.map(each => rig.read(each, 0, MiB)));
    expect(all.every(bytes => bytes.equals(torrent.payload.subarray(0, MiB)))).toBe(true);
    expect(rig.reader.statistics().traffic.fromStreams).toBe(MiB);
    await rig.reader.stop();
  });

  it('is bounded by the budget, and a paused reader gives way to a busy one', async () => {
    const rig = new ReaderRig({ cacheBytes: 16 * MiB });
    const paused = rig.openNew({ length: 64 * MiB, pieceLength: MiB, seed: 1 });
    const busy = rig.openNew({ length: 64 * MiB, pieceLength: MiB, seed: 2 });
    for (const { handle } of [paused, busy]) {
      for (let offset = 0; offset < 20 * MiB; offset += 512 * KiB) await rig.read(handle, offset, 512 * KiB);
      expect(rig.reader.statistics().windowBytes).toBeLessThanOrEqual(8 * MiB);
    }
    const [, ofBusy] = rig.reader.snapshot();
    expect(ofBusy?.windows[0]?.end).toBeGreaterThan(24 * MiB);
    await rig.reader.stop();
  });
});
