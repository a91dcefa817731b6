import { describe, expect, it } from 'vitest';
import { EngineError, type LocalFile } from '../../src/engine/index.ts';
import { FileHoldings } from '../../src/read/file-holdings.ts';
import { FileLayout } from '../../src/read/file-layout.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import { KiB } from './reader-rig.ts';

const PIECE = 256 * KiB;
const PATH = '/downloads/file.bin';
const starting = new EngineError('unavailable', 'starting');

/** A file of four pieces, of which the second and the third are held. */
function setUp() {
  const engine = new FakeEngine();
  const clock = new FakeClock();
  const torrent = engine.addTorrent({ length: 4 * PIECE, pieceLength: PIECE });
  torrent.hold(1, 2);
  torrent.setLocalFiles(() => PATH, { mustVerify: true });
  const located: (LocalFile | undefined)[] = [];
  let changes = 0;
  const holdings = new FileHoldings({
    engine,
    id: { infoHash: torrent.infoHash, fileIndex: 0 },
    layout: new FileLayout(torrent.details, 0, PIECE),
    clock,
    log: silentLogger,
    located: local => located.push(local),
    changed: () => changes++,
  });
  const calls = (): number[] => [engine.calls.get('pieces') ?? 0, engine.calls.get('localFile') ?? 0];
  return { engine, clock, torrent, holdings, located, calls, changes: () => changes };
}

describe('what the engine holds of a file', () => {
  it('is not known before it was asked, and then tells of pieces as they come', async () => {
    const { torrent, holdings, located, changes } = setUp();
    expect([holdings.has(1), holdings.isPrepared, changes()]).toEqual([false, false, 0]);
    holdings.ask();
    await holdings.prepared;
    expect([holdings.isPrepared, changes()]).toEqual([true, 1]);
    expect(located).toEqual([{ path: PATH, mustVerify: true }]);
    expect([holdings.hasAll(PIECE, 3 * PIECE), holdings.hasAll(PIECE, 3 * PIECE + 1)]).toEqual([true, false]);
    torrent.hold(3);
    expect(holdings.hasAll(PIECE, 4 * PIECE)).toBe(true);
    await holdings.close();
  });

  it('is done without when the engine does not say it in time', async () => {
    const { engine, clock, holdings, changes } = setUp();
    const resume = engine.hang('pieces');
    holdings.ask();
    clock.advance(1_999);
    expect(holdings.isPrepared).toBe(false);
    clock.advance(1);
    await holdings.prepared;
    expect([holdings.has(1), changes()]).toEqual([false, 1]);
    resume();
    await holdings.close();
  });

  it('is asked for again until the file is located, once a second', async () => {
    const { engine, clock, holdings, located, calls } = setUp();
    for (const call of [1, 2]) engine.failCall('localFile', call, starting);
    holdings.ask();
    await holdings.prepared;
    expect([holdings.has(1), located]).toEqual([true, []]);
    holdings.learn();
    await expect.poll(calls).toEqual([2, 2]);
    clock.advance(999);
    holdings.learn();
    expect(calls()).toEqual([2, 2]);
    clock.advance(1);
    holdings.learn();
    await expect.poll(() => located).toHaveLength(1);
    clock.advance(1_000);
    holdings.learn();
    expect(calls()).toEqual([3, 3]);
    await holdings.close();
  });

  it('is refreshed once a second, also while the file is not located', async () => {
    const { engine, clock, torrent, holdings } = setUp();
    engine.failCall('localFile', 1, starting);
    await holdings.refresh();
    expect(torrent.pieceMap.refreshCount).toBe(0);
    holdings.ask();
    await holdings.prepared;
    engine.hang('localFile');
    holdings.learn();
    await Promise.all([holdings.refresh(), holdings.refresh()]);
    expect(torrent.pieceMap.refreshCount).toBe(1);
    clock.advance(1_000);
    await holdings.refresh();
    expect(torrent.pieceMap.refreshCount).toBe(2);
    await holdings.close();
  });

  it('is waited for no longer when the file is closed', async () => {
    const { engine, clock, holdings, located } = setUp();
    engine.hang('pieces');
    holdings.ask();
    await holdings.close();
    await holdings.prepared;
    expect([located, clock.pendingTimers]).toEqual([[], 0]);
  });
});
