import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/engine/index.ts';
import { Opcode } from '../../src/fuse/abi/opcodes.ts';
import { ROOT_NODE } from '../../src/fuse/filesystem.ts';
import { FilePlaces } from '../../src/mount/observation/file-places.ts';
import type { ObservedParts } from '../../src/mount/observation/observed-parts.ts';
import { readCounters, takeSnapshot } from '../../src/mount/observation/take-snapshot.ts';
import type { MountSnapshot } from '../../src/observe/snapshot.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import type { FakeTorrent } from '../fakes/fake-torrent.ts';
import { eventually } from '../fixtures/eventually.ts';
import { name, openRows, readRows } from '../fixtures/fuse-frames.ts';
import { KiB, ReaderRig } from '../read/reader-rig.ts';
import { BothLanes } from './both-lanes.ts';

const PIECE = 256 * KiB;
const facts = { version: '1.2.3', mountpoint: '/mnt/films', readOnly: false };

let engine: FakeEngine;
let lanes: BothLanes;
let torrent: FakeTorrent;

beforeEach(() => {
  engine = new FakeEngine();
  torrent = engine.addTorrent({
    name: 'show',
    files: [
      { path: ['readme'], length: PIECE },
      { path: ['disc 1', 'film.mkv'], length: 4 * PIECE },
    ],
  });
  lanes = new BothLanes({ engine, cacheBytes: 16 * PIECE, readAheadBytes: 0 });
});

afterEach(() => lanes.stop());

function snapshot(): MountSnapshot {
  const { catalog, root, pieces, settings } = lanes.harness;
  const parts: ObservedParts = {
    ...{ facts, engine, catalog, root, pieces, settings, reader: lanes.reader, cache: lanes.shared.cache },
    defaultPolicy: { whenMissing: 'wait', timeoutMs: 30_000 },
    fuse: () => undefined,
  };
  return takeSnapshot(parts, new FilePlaces());
}

/** @returns the node of the film and a handle of it */
async function openFilm(): Promise<{ node: number; handle: number }> {
  await eventually(() => expect(lanes.harness.root.all()).toHaveLength(1));
  let node = ROOT_NODE;
  for (const part of ['show', 'disc 1', 'film.mkv']) {
    node = Number((await lanes.ask(Opcode.LOOKUP, node, [name(part)])).readBigUInt64LE(0));
  }
  return { node, handle: Number((await lanes.ask(Opcode.OPEN, node, openRows(0))).readBigUInt64LE(0)) };
}

describe('a snapshot of a mount', () => {
  it('tells of an open file by its path, and of a read that waits since when and for how long', async () => {
    torrent.peers = 0;
    const { node, handle } = await openFilm();
    lanes.send(Opcode.READ, node, readRows(handle, PIECE, 64 * KiB, 0), () => {});
    await eventually(() => expect(engine.openStreams.size).toBe(1));
    lanes.clock.advance(2_000);
    const { atMs, reads } = snapshot();
    const { infoHash } = torrent;
    expect(reads.openFiles).toMatchObject([
      { infoHash, fileIndex: 1, handle, path: 'show/disc 1/film.mkv', length: 4 * PIECE },
    ]);
    expect(reads.waiting).toEqual([
      {
        ...{ infoHash, fileIndex: 1, handle, start: PIECE, endExclusive: PIECE + 64 * KiB },
        ...{ sinceMs: atMs - 2_000, lastByteMs: atMs - 2_000, timeoutMs: 30_000 },
      },
    ]);
  });

  it('counts the stream of a file once, however many have the file open', async () => {
    torrent.peers = 0;
    const { node, handle } = await openFilm();
    await openFilm();
    lanes.send(Opcode.READ, node, readRows(handle, 0, 100, 0), () => {});
    await eventually(() => expect(engine.openStreams.size).toBe(1));
    const { reads } = snapshot();
    expect(reads.openFiles).toHaveLength(2);
    expect(reads.fetches).toMatchObject([{ infoHash: torrent.infoHash, fileIndex: 1, start: 0 }]);
  });

  it('counts what both lanes gave to readers, and what was fetched for it', async () => {
    engine.chunkBytes = PIECE;
    const { node, handle } = await openFilm();
    for (let again = 0; again < 2; again++) await lanes.ask(Opcode.READ, node, readRows(handle, 0, 64 * KiB, 0));
    expect(lanes.readsAnswered).toEqual({ fast: 1, slow: 1 });
    const { reads, cache } = snapshot();
    expect(reads.counters).toMatchObject({ deliveredBytes: 128 * KiB, engineBytes: PIECE, localBytes: 0 });
    expect(cache).toMatchObject({ hits: 1, hitBytes: 64 * KiB });
  });

  it('gives a torrent the name of its entry, and its pieces', async () => {
    torrent.hold(0, 3);
    await openFilm();
    lanes.harness.catalog.rename(torrent.infoHash, 'renamed');
    await eventually(() =>
      expect(snapshot().torrents).toMatchObject([
        { infoHash: torrent.infoHash, name: 'renamed', pieceCount: 5, heldPieces: 2, totalBytes: 5 * PIECE },
      ]),
    );
  });

  it('says what the engine fails with while it does not answer', async () => {
    await eventually(() => expect(snapshot().engine).toMatchObject({ answers: true, failure: undefined }));
    for (let nth = 1; nth < 1000; nth++) engine.failCall('list', nth, new EngineError('unavailable', 'gone fishing'));
    await eventually(() =>
      expect(snapshot().engine).toMatchObject({
        answers: false,
        failure: { code: 'unavailable', message: 'gone fishing' },
      }),
    );
  });
});

it('a read that is turned away is one failure', async () => {
  const rig = new ReaderRig({ admission: { perTorrent: 1, total: 1 } });
  const { torrent: dead, handle } = rig.openNew({ length: 64 * KiB });
  dead.peers = 0;
  const waiting = rig.read(handle, 0, 10).catch(() => {});
  await rig.settle();
  await expect(rig.read(handle, 32 * KiB, 10)).rejects.toThrow();
  expect(readCounters(rig).failures).toEqual([{ code: 'too-many-waiters', count: 1 }]);
  await rig.reader.stop();
  await waiting;
});
