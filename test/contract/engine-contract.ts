import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ByteStream, Engine, InfoHash, PieceMap } from '../../src/engine/index.ts';
import { parseMetainfo } from '../../src/engine/metainfo.ts';
import { type MadeTorrent, magnetOf, makeTorrent } from '../fixtures/make-torrent.ts';
import { drain, heldPieces, nextChange, readAll, rowIn, untilState } from './engine-calls.ts';
import { LENGTHS, PIECE, PIECE_COUNT, TorrentSupply } from './torrent-supply.ts';

/** One engine, and a world of peers that the suite directs. */
export interface EngineUnderTest {
  readonly engine: Engine;
  /** `host:port` of a peer that has every torrent of the set-up. */
  readonly peers: readonly string[];
  /** The engine fetches what it likes beyond what is read (within the file), so that tests can only say what is held at least. */
  readonly fetchesAhead?: boolean;
  /** Where the .torrent file is served. */
  urlOf(torrent: MadeTorrent): URL;
  /** Whether the peers can be reached. */
  setPeersOnline(online: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Starts a fresh engine without torrents, and peers that have these. */
export type SetUpEngine = (torrents: readonly MadeTorrent[]) => Promise<EngineUnderTest>;

/**
 * What every engine does alike (`src/engine/engine.ts`). An implementation's test file calls this with its own set-up; a
 * difference between engines is a failure here or an optional member of the contract.
 */
export function describeEngineContract(name: string, setUp: SetUpEngine): void {
  describe(`the engine contract: ${name}`, () => {
    let world: EngineUnderTest;
    let engine: Engine;
    const torrents = new TorrentSupply();

    beforeAll(async () => {
      world = await setUp(torrents.all);
      engine = world.engine;
    });
    afterAll(() => world?.close());

    const opened: ByteStream[] = [];
    afterEach(() => {
      for (const stream of opened.splice(0)) stream.close(); // until then it listens to the signal, whatever became of it
    });

    const add = (torrent: MadeTorrent) =>
      engine.add(
        { kind: 'metainfo', infoHash: torrent.infoHash, bytes: torrent.bytes },
        { peers: world.peers, signal },
      );

    /** Adds a torrent that no other test has touched. */
    const addFresh = async (): Promise<MadeTorrent> => {
      const torrent = torrents.next();
      await add(torrent);
      await untilState(engine, torrent.infoHash, 'live');
      return torrent;
    };

    const open = (torrent: { infoHash: InfoHash }, fileIndex: number, start: number, endExclusive: number) => {
      const stream = engine.open({ infoHash: torrent.infoHash, fileIndex }, { start, endExclusive, signal });
      opened.push(stream);
      return stream;
    };

    const expectHeld = async (torrent: MadeTorrent, wanted: readonly number[]) => {
      const held = await heldPieces(engine, torrent.infoHash);
      expect(world.fetchesAhead ? held.filter(piece => wanted.includes(piece)) : held).toEqual(wanted);
    };

    const rowOf = (torrent: MadeTorrent) => rowIn(engine, torrent.infoHash);

    describe('adding', () => {
      test('a .torrent puts it on the list, with nothing fetched', async () => {
        const torrent = await addFresh();
        expect(await rowOf(torrent)).toMatchObject({
          name: torrent.name,
          state: 'live',
          error: undefined,
          totalBytes: LENGTHS.reduce((sum, length) => sum + length, 0),
          progressBytes: 0,
          wantsMore: false,
          fetchedBytes: 0,
        });
      });

      test('a magnet resolves when a peer has sent the metadata', async () => {
        const torrent = torrents.next();
        const { infoHash } = torrent;
        const magnet = { kind: 'magnet', uri: magnetOf(torrent), infoHash, displayName: undefined } as const;
        expect(await engine.add({ ...magnet, peers: world.peers }, { peers: [], signal })).toBe(infoHash);
        expect((await engine.details(infoHash, { signal })).files).toEqual(parseMetainfo(torrent.bytes).files);
        await expectBytes(torrent, await readAll(open(torrent, 2, 0, 1000)), { fileIndex: 2, start: 0 });
      });

      test('a URL fetches the .torrent from there', async () => {
        const torrent = torrents.next();
        const url = world.urlOf(torrent);
        expect(await engine.add({ kind: 'url', url }, { peers: world.peers, signal })).toBe(torrent.infoHash);
        expect(await rowOf(torrent)).toBeDefined();
      });

      test('what is there already resolves again, and is there once', async () => {
        const torrent = await addFresh();
        expect(await add(torrent)).toBe(torrent.infoHash);
        const rows = await engine.list({ signal });
        expect(rows.filter(row => row.infoHash === torrent.infoHash)).toHaveLength(1);
      });

      test('a magnet that nobody has can be given up, and is nowhere then', async () => {
        const { infoHash, ...torrent } = makeTorrent({ name: 'nobody', content: 'nobody has this' });
        const magnet = { kind: 'magnet', uri: magnetOf({ infoHash, ...torrent }), infoHash, peers: [] } as const;
        const controller = new AbortController();
        const added = engine.add({ ...magnet, displayName: 'x' }, { peers: [], signal: controller.signal });
        const reason = new Error('given up');
        controller.abort(reason);
        await expect(added).rejects.toBe(reason);
        expect(await rowIn(engine, infoHash)).toBeUndefined();
      });

      test('tells the listeners', async () => {
        const changed = nextChange(engine);
        await addFresh();
        await changed;
      });
    });

    describe('metadata', () => {
      test('details are those of the .torrent file', async () => {
        const torrent = await addFresh();
        expect(await engine.details(torrent.infoHash, { signal })).toEqual(parseMetainfo(torrent.bytes));
      });

      test('the metainfo has the exact info dictionary', async () => {
        const torrent = await addFresh();
        const metainfo = await engine.metainfo(torrent.infoHash, { signal });
        expect(parseMetainfo(metainfo).infoHash).toBe(torrent.infoHash);
      });

      test('of a torrent that is not there is `not-found`', async () => {
        const { infoHash } = makeTorrent({ name: 'unknown', content: 'unknown' });
        await expect(engine.details(infoHash, { signal })).rejects.toMatchObject({ code: 'not-found' });
        await expect(engine.metainfo(infoHash, { signal })).rejects.toMatchObject({ code: 'not-found' });
        await expect(engine.pieces(infoHash, { signal })).rejects.toMatchObject({ code: 'not-found' });
      });
    });

    describe('a stream', () => {
      test.each([
        ['the whole of a file', 0, 0, LENGTHS[0]],
        ['a file that begins within a piece', 2, 0, LENGTHS[2]],
        ['the middle of a piece', 2, 40_000, 40_010],
        ['a boundary of pieces', 0, PIECE - 3, PIECE + 3],
        ['the last byte', 2, LENGTHS[2] - 1, LENGTHS[2]],
        ['the last file, which ends within a piece', 3, 0, LENGTHS[3]],
      ])('gives the right bytes of %s', async (_, fileIndex, start, endExclusive) => {
        const torrent = await addFresh();
        const stream = open(torrent, fileIndex, start, endExclusive);
        const bytes = await drain(stream);
        expect(stream.position).toBe(endExclusive);
        expect(bytes).toHaveLength(endExclusive - start);
        await expectBytes(torrent, bytes, { fileIndex, start });
        stream.close();
      });

      test('of nothing ends at once', async () => {
        const torrent = await addFresh();
        expect(await open(torrent, 0, 500, 500).read()).toBeUndefined();
        expect(await open(torrent, 0, LENGTHS[0], LENGTHS[0]).read()).toBeUndefined();
        expect(await open(torrent, 1, 0, 0).read()).toBeUndefined();
      });

      test('fetches the pieces of its range and no others, and none before it is read', async () => {
        const torrent = await addFresh();
        const unread = open(torrent, 2, 0, LENGTHS[2]);
        await readAll(open(torrent, 0, PIECE + 1, 2 * PIECE + 1));
        await expectHeld(torrent, [1, 2]);
        unread.close();
        if (!world.fetchesAhead) expect((await rowOf(torrent))?.fetchedBytes).toBe(2 * PIECE);
      });

      test('goes on where it ended when it is extended', async () => {
        const torrent = await addFresh();
        const stream = open(torrent, 2, 10, 1000);
        const head = await drain(stream);
        stream.extend(500);
        expect(stream.endExclusive).toBe(1000);
        stream.extend(3 * PIECE);
        const tail = await drain(stream);
        await expectBytes(torrent, Buffer.concat([head, tail]), { fileIndex: 2, start: 10 });
        expect(stream.position).toBe(3 * PIECE);
      });

      test('beyond the end of the file is `bad-range`, of a file that is not there `not-found`', async () => {
        const torrent = await addFresh();
        await expect(open(torrent, 0, 0, LENGTHS[0] + 1).read()).rejects.toMatchObject({ code: 'bad-range' });
        await expect(open(torrent, 9, 0, 1).read()).rejects.toMatchObject({ code: 'not-found' });
        const unknown = makeTorrent({ name: 'unknown', content: 'unknown' });
        await expect(open(unknown, 0, 0, 1).read()).rejects.toMatchObject({ code: 'not-found' });
      });

      test('read by two at once gives both the right bytes', async () => {
        const torrent = await addFresh();
        const [one, two] = await Promise.all([
          readAll(open(torrent, 2, 0, LENGTHS[2])),
          readAll(open(torrent, 2, 7, LENGTHS[2])),
        ]);
        await expectBytes(torrent, one, { fileIndex: 2, start: 0 });
        await expectBytes(torrent, two, { fileIndex: 2, start: 7 });
      });
    });

    describe('a read that waits', () => {
      test('rejects with `stopped` when the stream is closed, as does each later one', async () => {
        const torrent = await addFresh();
        await world.setPeersOnline(false);
        const stream = open(torrent, 0, 0, 10);
        const read = stream.read();
        stream.close();
        stream.close();
        await expect(read).rejects.toMatchObject({ code: 'stopped' });
        await expect(stream.read()).rejects.toMatchObject({ code: 'stopped' });
        await world.setPeersOnline(true);
      });

      test("rejects with the signal's reason when that fires", async () => {
        const torrent = await addFresh();
        await world.setPeersOnline(false);
        const controller = new AbortController();
        const file = { infoHash: torrent.infoHash, fileIndex: 0 };
        const stream = engine.open(file, { start: 0, endExclusive: 10, signal: controller.signal });
        const read = stream.read();
        const reason = new Error('the reader went away');
        controller.abort(reason);
        await expect(read).rejects.toBe(reason);
        await world.setPeersOnline(true);
      });

      test('goes on when a peer is back', async () => {
        const torrent = await addFresh();
        await readAll(open(torrent, 0, 0, 10));
        await world.setPeersOnline(false);
        const read = readAll(open(torrent, 2, 0, LENGTHS[2]));
        await world.setPeersOnline(true);
        await expectBytes(torrent, await read, { fileIndex: 2, start: 0 });
      });
    });

    describe('pieces', () => {
      test('are told one by one and as a bitfield, in one live object', async () => {
        const torrent = await addFresh();
        const pieces = await engine.pieces(torrent.infoHash, { signal });
        expect(pieces.heldCount).toBe(0);
        await readAll(open(torrent, 0, 0, 2 * PIECE));
        await pieces.refresh({ signal });
        expect(await engine.pieces(torrent.infoHash, { signal })).toBe(pieces);
        expect(pieces.pieceCount).toBe(PIECE_COUNT);
        await expectHeld(torrent, [0, 1]);
        expect([...pieces.toBitfield()]).toEqual(bitfieldOf(pieces));
        if (world.fetchesAhead) return;
        expect(pieces.heldCount).toBe(2);
        expect((await rowOf(torrent))?.progressBytes).toBe(2 * PIECE);
      });

      test('that are held can be read from the local file, if there is one', async () => {
        const torrent = await addFresh();
        await readAll(open(torrent, 2, 0, LENGTHS[2]));
        const local = await engine.localFile({ infoHash: torrent.infoHash, fileIndex: 2 }, { signal });
        if (local !== undefined) await expectBytes(torrent, await readFile(local.path), { fileIndex: 2, start: 0 });
      });
    });

    describe('a paused torrent', () => {
      test('says so at once where bytes are missing, and gives what is held', async () => {
        const torrent = await addFresh();
        await readAll(open(torrent, 0, 0, PIECE));
        await engine.pause(torrent.infoHash, { signal });
        await engine.pause(torrent.infoHash, { signal });
        expect((await rowOf(torrent))?.state).toBe('paused');
        await expectBytes(torrent, await readAll(open(torrent, 0, 0, PIECE)), { fileIndex: 0, start: 0 });
        await expect(open(torrent, 2, PIECE, 2 * PIECE).read()).rejects.toMatchObject({ code: 'paused' });
      });

      test('rejects the reads that wait when it is paused', async () => {
        const torrent = await addFresh();
        await world.setPeersOnline(false);
        const read = open(torrent, 0, 0, 10).read();
        const outcome = expect(read).rejects.toMatchObject({ code: 'paused' });
        await engine.pause(torrent.infoHash, { signal });
        await outcome;
        await world.setPeersOnline(true);
      });

      test('fetches again when it is resumed', async () => {
        const torrent = await addFresh();
        await engine.pause(torrent.infoHash, { signal });
        await engine.resume(torrent.infoHash, { signal });
        await engine.resume(torrent.infoHash, { signal });
        expect((await rowOf(torrent))?.state).toBe('live');
        await expectBytes(torrent, await readAll(open(torrent, 2, 0, 100)), { fileIndex: 2, start: 0 });
      });
    });

    describe('removing', () => {
      test('by forgetting takes it off the list, and its data is there when it is added again', async () => {
        const torrent = await addFresh();
        await readAll(open(torrent, 0, 0, 2 * PIECE));
        const changed = nextChange(engine);
        await engine.forget(torrent.infoHash, { signal });
        await engine.forget(torrent.infoHash, { signal });
        await changed;
        expect(await rowOf(torrent)).toBeUndefined();
        await add(torrent);
        await untilState(engine, torrent.infoHash, 'live');
        await expectHeld(torrent, [0, 1]);
      });

      test('by deleting takes its data too', async () => {
        const torrent = await addFresh();
        await readAll(open(torrent, 0, 0, 2 * PIECE));
        await engine.delete(torrent.infoHash, { signal });
        await engine.delete(torrent.infoHash, { signal });
        expect(await rowOf(torrent)).toBeUndefined();
        await add(torrent);
        await untilState(engine, torrent.infoHash, 'live');
        expect(await heldPieces(engine, torrent.infoHash)).toEqual([]);
        await expectBytes(torrent, await readAll(open(torrent, 0, 0, 100)), { fileIndex: 0, start: 0 });
      });

      test('ends the reads that wait', async () => {
        const torrent = await addFresh();
        await world.setPeersOnline(false);
        const read = open(torrent, 0, 0, 10).read();
        const outcome = expect(read).rejects.toMatchObject({ name: 'EngineError' });
        await engine.forget(torrent.infoHash, { signal });
        await outcome;
        await world.setPeersOnline(true);
      });
    });

    test('a call whose signal has fired rejects with its reason', async () => {
      const reason = new Error('too late');
      const aborted = AbortSignal.abort(reason);
      await expect(engine.list({ signal: aborted })).rejects.toBe(reason);
    });

    // The last one: what it leaves behind is no engine.
    test('stopping ends the reads that wait and every later call with `stopped`', async () => {
      const torrent = await addFresh();
      await world.setPeersOnline(false);
      const read = open(torrent, 0, 0, 10).read();
      const outcome = expect(read).rejects.toMatchObject({ code: 'stopped' });
      await Promise.all([engine.stop(), engine.stop()]);
      await outcome;
      await expect(engine.list({ signal })).rejects.toMatchObject({ code: 'stopped' });
    });
  });
}

const signal = new AbortController().signal;

/** Most significant bit first, one piece at a time. */
function bitfieldOf(pieces: PieceMap): number[] {
  const bytes = new Array<number>(Math.ceil(pieces.pieceCount / 8)).fill(0);
  for (let piece = 0; piece < pieces.pieceCount; piece++) {
    if (pieces.has(piece)) bytes[piece >> 3] = (bytes[piece >> 3] ?? 0) | (0x80 >> (piece & 7));
  }
  return bytes;
}

async function expectBytes(
  torrent: MadeTorrent,
  bytes: Uint8Array,
  place: { readonly fileIndex: number; readonly start: number },
): Promise<void> {
  const wanted = torrent.files[place.fileIndex]?.content.read(place.start, bytes.length);
  expect(wanted !== undefined && Buffer.compare(bytes, wanted) === 0, 'the bytes are those of the torrent').toBe(true);
}
