import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DataExtents } from '../../../src/engine/embedded/data-extents.ts';
import { PayloadStore } from '../../../src/engine/embedded/payload-store.ts';
import { PieceMemory } from '../../../src/engine/embedded/piece-memory.ts';
import { noWishes, TorrentFolder } from '../../../src/engine/embedded/torrent-folder.ts';
import { TorrentSession, type TorrentSessionOptions } from '../../../src/engine/embedded/torrent-session.ts';
import { WorkQueue } from '../../../src/engine/embedded/work-queue.ts';
import { EngineError } from '../../../src/engine/index.ts';
import { infoDictionaryOf, parseMetainfo } from '../../../src/engine/metainfo.ts';
import { Deferred } from '../../../src/util/deferred.ts';
import { patternContent, sparseContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { type FakeMember, FakeSwarms } from './fake-swarm.ts';

const PIECE = 16_384;
const content = patternContent(5 * PIECE);
const made = makeTorrent({ name: 'session', content, pieceLength: PIECE });
const pieces = Array.from({ length: 5 }, (_, piece) => content.read(piece * PIECE, PIECE));
const never = new AbortController().signal;
const record = { paused: false, wishes: noWishes, peers: ['127.0.0.2:1'] };

async function setUp(options: Partial<TorrentSessionOptions> = {}, torrent = made) {
  const root = await mkdtemp(join(tmpdir(), 'session-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const swarms = new FakeSwarms();
  const details = parseMetainfo(torrent.bytes);
  const folder = new TorrentFolder(root, details.infoHash);
  folder.create(torrent.bytes, options.record ?? record);
  const states: string[] = [];
  const progress: number[] = [];
  const memory = new PieceMemory();
  const open = () => {
    const session = new TorrentSession(
      {
        folder,
        details,
        infoBytes: infoDictionaryOf(torrent.bytes),
        trackers: [],
        swarm: swarms,
        extents: new DataExtents(),
        memory,
        checks: new WorkQueue(1),
        events: {
          onState: ({ state }) => states.push(state),
          onHeld: () => {},
          onWhole: () => {},
          onProgress: (_, __, { uncheckedBytes }) => progress.push(uncheckedBytes),
        },
      },
      { record: folder.readRecord() ?? record, downloadAll: false, peers: [], member: undefined, ...options },
    );
    onTestFinished(() => session.end());
    return session;
  };
  return { root, folder, swarms, states, progress, memory, open, file: join(folder.files, 'session') };
}

/** Lets the peer send all that it is asked for until the pieces are held. */
async function fetch(session: TorrentSession, member: FakeMember, count: number): Promise<void> {
  const peer = member.peers[0] ?? member.connect(pieces);
  session.tick();
  while (session.held.heldCount < count) {
    peer.sendAll();
    await nextTurn();
  }
}

test('is checked first, then in its swarm with the peers that it knows', async () => {
  const { swarms, states, open } = await setUp({ peers: ['127.0.0.3:1'] });
  const session = open();
  expect(session.state).toBe('initializing');
  await session.start();
  expect(states).toEqual(['initializing', 'live']);
  expect(swarms.member.dialled).toEqual(['127.0.0.2:1', '127.0.0.3:1']);
});

test('plans once for all streams that come and go in a turn', async () => {
  const { swarms, open } = await setUp();
  const session = open();
  await session.start();
  const peer = swarms.member.connect(pieces);
  for (let id = 0; id < 5; id++) session.demand(id, { start: id * PIECE, endExclusive: (id + 1) * PIECE, priority: 0 });
  for (const id of [0, 1, 2, 3]) session.drop(id);
  await nextTurn();
  expect([peer.asked, peer.cancelled]).toEqual([[4], []]);
});

test('takes its share of what may be on its way for as long as it fetches', async () => {
  const { swarms, open, memory } = await setUp();
  const session = open();
  await session.start();
  swarms.member.connect(pieces);
  const other = {};
  const alone = memory.shareOf(other);
  session.demand(1, { start: 0, endExclusive: PIECE, priority: 0 });
  await nextTurn();
  expect(memory.shareOf(other)).toBe(alone / 2);
  session.drop(1);
  await nextTurn();
  expect(memory.shareOf(other)).toBe(alone);
});

test('asks for what a stream wants, holds it, tells the peers, and withdraws what is dropped', async () => {
  const { swarms, open, progress } = await setUp();
  const session = open();
  await session.start();
  const peer = swarms.member.connect(pieces);
  session.demand(1, { start: PIECE + 5, endExclusive: 3 * PIECE, priority: 0 });
  await nextTurn();
  expect(peer.asked).toEqual([1, 2]);
  expect(session.summary()).toMatchObject({ wantsMore: true, peersConnected: 1 });
  session.tick();
  await fetch(session, swarms.member, 2);
  expect(swarms.member.announced.toSorted((a, b) => a - b)).toEqual([1, 2]);
  expect(session.summary()).toMatchObject({ wantsMore: false, progressBytes: 2 * PIECE, fetchedBytes: 2 * PIECE });
  session.demand(2, { start: 0, endExclusive: 10, priority: 0 });
  session.drop(2);
  await nextTurn();
  expect(peer.asked).toEqual([]);
  expect(progress).toEqual([0]);
});

test('finds what is on disk when it is opened again', async () => {
  const { swarms, open } = await setUp();
  const first = open();
  await first.start();
  first.demand(1, { start: 0, endExclusive: 2 * PIECE, priority: 0 });
  await fetch(first, swarms.member, 2);
  await first.end();
  expect(swarms.member.hasLeft).toBe(true);
  const second = open();
  await second.start();
  expect(second.held.heldCount).toBe(2);
  expect([...(swarms.member.content?.held ?? [])]).toEqual([0b11000000]);
});

test('leaves its swarm while it is paused, and remembers that', async () => {
  const { swarms, open, folder } = await setUp();
  const session = open();
  await session.start();
  session.demand(1, { start: 0, endExclusive: PIECE, priority: 0 });
  const { member } = swarms;
  await session.pause();
  expect([session.state, member.hasLeft, folder.readRecord()?.paused]).toEqual(['paused', true, true]);
  expect(session.summary().wantsMore).toBe(false);
  await session.end();
  const again = open();
  await again.start();
  expect([again.state, swarms.members.length]).toEqual(['paused', 1]);
  await again.resume();
  expect([again.state, swarms.members.length, folder.readRecord()?.paused]).toEqual(['live', 2, false]);
});

test('a disk that fails puts it in error until it is resumed', async () => {
  const { swarms, states, open, folder } = await setUp();
  const session = open();
  await session.start();
  await rm(folder.files, { recursive: true });
  await writeFile(folder.files, 'a file where the folder was');
  const peer = swarms.member.connect(pieces);
  session.demand(1, { start: 0, endExclusive: PIECE, priority: 0 });
  await nextTurn();
  peer.sendAll();
  while (session.state === 'live') await nextTurn();
  expect(session.error).toMatch(/^the data directory failed: .*; resume the torrent to try again$/);
  expect(states.at(-1)).toBe('error');
  expect(session.held.heldCount).toBe(0);
  await rm(folder.files);
  await session.resume();
  expect([session.state, session.error]).toEqual(['live', undefined]);
  await fetch(session, swarms.member, 1);
});

test('a check that fails is made again when it is resumed', async () => {
  const empty = makeTorrent({ name: 'empty', files: [{ path: 'nothing' }] });
  const { root, states, swarms } = await setUp();
  const folder = new TorrentFolder(root, empty.infoHash);
  folder.create(empty.bytes, record);
  await rm(folder.files, { recursive: true });
  await writeFile(folder.files, 'a file where the folder was');
  const session = new TorrentSession(
    {
      folder,
      details: parseMetainfo(empty.bytes),
      infoBytes: empty.infoBytes,
      trackers: [],
      swarm: swarms,
      extents: new DataExtents(),
      memory: new PieceMemory(),
      checks: new WorkQueue(1),
      events: { onState: ({ state }) => states.push(state), onHeld: () => {}, onWhole: () => {}, onProgress: () => {} },
    },
    { record, downloadAll: false, peers: [], member: undefined },
  );
  onTestFinished(() => session.end());
  await session.start();
  expect(session.state).toBe('error');
  await rm(folder.files);
  await mkdir(folder.files);
  await session.resume();
  while (session.state !== 'live') await nextTurn();
  // Nothing but empty files: there is nobody to meet.
  expect(swarms.members).toEqual([]);
});

test('an error of the swarm is told, and ends with a resume', async () => {
  const { swarms, open } = await setUp();
  const session = open();
  await session.start();
  swarms.member.events.onError(new EngineError('torrent-error', 'no more'));
  expect([session.state, session.error, swarms.member.hasLeft]).toEqual(['error', 'no more', true]);
  await session.resume();
  expect([session.state, swarms.members.length]).toEqual(['live', 2]);
});

test('pieces that are gone from the disk are missing after a second look', async () => {
  const { swarms, open, file } = await setUp();
  const session = open();
  await session.start();
  session.demand(1, { start: 0, endExclusive: 5 * PIECE, priority: 0 });
  await fetch(session, swarms.member, 5);
  expect(swarms.member.isComplete).toBe(true);
  session.drop(1);
  await truncate(file, 2 * PIECE);
  await session.recheck(1, 5, never);
  expect([...session.held.toBitfield()]).toEqual([0b11000000]);
  expect(swarms.member.revoked).toEqual([2, 3, 4]);
  expect(session.summary().progressBytes).toBe(2 * PIECE);
});

test.each(['its call is abandoned', 'the torrent ends'])(
  'a second look ends when %s, and nothing is read after it',
  async how => {
    const { swarms, open } = await setUp();
    const session = open();
    await session.start();
    session.demand(1, { start: 0, endExclusive: 5 * PIECE, priority: 0 });
    await fetch(session, swarms.member, 5);
    const reads: number[] = [];
    const firstRead = new Deferred<void>();
    const gate = new Deferred<void>();
    const read = PayloadStore.prototype.read;
    onTestFinished(() => void vi.restoreAllMocks());
    vi.spyOn(PayloadStore.prototype, 'read').mockImplementation(async function (this: PayloadStore, into, start) {
      reads.push(start);
      firstRead.resolve();
      await gate.promise;
      return read.call(this, into, start);
    });
    const abandoned = new AbortController();
    const done: string[] = [];
    const recheck = session.recheck(0, 5, abandoned.signal).catch(() => done.push('recheck'));
    await firstRead.promise;
    if (how === 'the torrent ends') {
      const end = session.end().then(() => done.push('end'));
      for (let turn = 0; turn < 10; turn++) await nextTurn();
      expect(done).toEqual([]);
      gate.resolve();
      await end;
    } else {
      abandoned.abort();
      gate.resolve();
    }
    await recheck;
    expect(done[0]).toBe('recheck');
    expect(reads).toEqual([0]);
  },
);

test('all of it is wanted when somebody says so, which is remembered', async () => {
  const { swarms, open, folder } = await setUp();
  const session = open();
  await session.start();
  session.setFileWishes({ wanted: [{ first: 0, endExclusive: 1 }], unwanted: [] });
  expect(session.summary().wantsMore).toBe(true);
  expect(folder.readRecord()?.wishes.wanted).toEqual([{ first: 0, endExclusive: 1 }]);
  await fetch(session, swarms.member, 5);
  expect(swarms.member.announced.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
});

test('streams take turns where pieces are so large that a few fill the plan', async () => {
  const large = 2 ** 24;
  const zeros = makeTorrent({ name: 'session', content: sparseContent(10 * large, []), pieceLength: large });
  const { swarms, open } = await setUp({}, zeros);
  const session = open();
  await session.start();
  const piece = new Uint8Array(large);
  swarms.member.connect(Array.from({ length: 10 }, () => piece));
  for (let reader = 0; reader < 5; reader++) {
    session.demand(reader, { start: 2 * reader * large, endExclusive: 2 * (reader + 1) * large, priority: 0 });
  }
  await fetch(session, swarms.member, 5);
  expect([0, 2, 4, 6, 8].map(first => session.held.has(first))).toEqual([true, true, true, true, true]);
});

test('streams of a high priority go first, and leave a share to one that they would keep out of the plan', async () => {
  const large = 2 ** 24;
  const zeros = makeTorrent({ name: 'session', content: sparseContent(5 * large, []), pieceLength: large });
  const { swarms, open } = await setUp({}, zeros);
  const session = open();
  await session.start();
  const piece = new Uint8Array(large);
  const peer = swarms.member.connect(Array.from({ length: 5 }, () => piece));
  for (let reader = 0; reader < 5; reader++) {
    const priority = reader === 0 ? 0 : 1;
    session.demand(reader, { start: reader * large, endExclusive: (reader + 1) * large, priority });
  }
  await nextTurn();
  expect(peer.asked).toEqual([0, 0, ...Array.from({ length: 14 }, () => 1)]);
});

test('peers that it is told of are dialled and remembered, each once', async () => {
  const { swarms, open, folder } = await setUp();
  const session = open();
  await session.start();
  session.addPeers(['127.0.0.2:1', '127.0.0.9:9']);
  session.addPeers(['127.0.0.9:9']);
  expect(folder.readRecord()?.peers).toEqual(['127.0.0.2:1', '127.0.0.9:9']);
  expect(swarms.member.dialled).toContain('127.0.0.9:9');
});
