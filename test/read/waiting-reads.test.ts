import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/engine/index.ts';
import { KiB, MiB, ReaderRig, waitPolicy } from './reader-rig.ts';

const PIECE = 256 * KiB;

/** Streams that tell so many bytes on their way. */
function countUnchecked(rig: ReaderRig, bytes: () => number): void {
  const open = rig.engine.open.bind(rig.engine);
  rig.engine.open = (file, options) => Object.defineProperty(open(file, options), 'uncheckedBytes', { get: bytes });
}

describe('a read that waits', () => {
  it('is answered when the bytes come', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB });
    torrent.peers = 0;
    const read = rig.read(handle, MiB, 64 * KiB);
    await rig.settle();
    expect(rig.reader.snapshot()).toMatchObject([
      { waiting: [{ offset: MiB, length: 64 * KiB, deadlineInMs: 30_000 }] },
    ]);
    torrent.peers = 1;
    expect((await read).equals(torrent.payload.subarray(MiB, MiB + 64 * KiB))).toBe(true);
    await rig.reader.stop();
  });

  it('is shown with the streams of its file, which are told of once for all who have it open', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB });
    rig.open(torrent);
    torrent.peers = 0;
    const read = rig.read(handle, MiB, 64 * KiB);
    await rig.settle();
    const [reading, other] = rig.reader.snapshot();
    expect(reading?.streams).toMatchObject([{ position: MiB, end: MiB + 256 * KiB }]);
    expect(other?.streams).toBe(reading?.streams);
    torrent.peers = 1;
    await read;
    await rig.reader.stop();
  });

  it('waits only for the pieces that it spans', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB, pieceLength: PIECE });
    torrent.peers = 0;
    torrent.hold(1, 3);
    const stuck = rig.read(handle, 0, 3 * PIECE);
    await rig.settle();
    expect((await rig.read(handle, PIECE + 10, PIECE - 10)).length).toBe(PIECE - 10);
    expect((await rig.read(handle, 3 * PIECE, PIECE)).length).toBe(PIECE);
    torrent.deliver(0);
    torrent.deliver(2);
    expect((await stuck).equals(torrent.payload.subarray(0, 3 * PIECE))).toBe(true);
    await rig.reader.stop();
  });

  it('gets a stream of its own when the one that it joined stalls before its piece', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB, pieceLength: PIECE });
    torrent.withhold(0);
    const stuck = rig.read(handle, 0, 100);
    const next = rig.read(handle, PIECE, 100);
    await rig.settle();
    rig.clock.advance(1_000);
    expect(await next).toHaveLength(100);
    torrent.release(0);
    expect(await stuck).toHaveLength(100);
    await rig.reader.stop();
  });

  it('times out after silence, once, and says so', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB });
    torrent.peers = 0;
    const read = rig.read(handle, 0, 100);
    await rig.settle();
    rig.clock.advance(29_999);
    expect(rig.reader.statistics().waitingReads).toBe(1);
    rig.clock.advance(1);
    await expect(read).rejects.toMatchObject({ code: 'timeout' });
    await rig.settle();
    expect(rig.engine.openStreams.size).toBe(0);
    await rig.reader.stop();
  });

  it('does not time out while bytes of it arrive, however slowly', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: 16 * KiB });
    torrent.peers = 0;
    const read = rig.read(handle, 0, MiB);
    for (let piece = 0; piece < torrent.details.pieceCount; piece++) {
      await rig.settle();
      rig.clock.advance(25_000);
      torrent.deliver(piece);
    }
    expect((await read).equals(torrent.payload)).toBe(true);
    await rig.reader.stop();
  });

  it('does not time out while its piece grows unseen in the engine', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: MiB });
    torrent.peers = 0;
    let unchecked = 0;
    countUnchecked(rig, () => unchecked);
    const read = rig.read(handle, 0, 100);
    for (let step = 0; step < 5; step++) {
      await rig.settle();
      unchecked += 16 * KiB;
      rig.clock.advance(30_000);
    }
    expect(rig.reader.statistics().waitingReads).toBe(1);
    torrent.deliver(0);
    expect(await read).toHaveLength(100);
    await rig.reader.stop();
  });

  it('does not time out when what is counted of its piece began again, and grew since', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: MiB });
    torrent.peers = 0;
    let unchecked = 0;
    countUnchecked(rig, () => unchecked);
    const read = rig.read(handle, 0, 100).catch(error => error.code);
    for (unchecked of [64 * KiB, 32 * KiB]) {
      await rig.settle();
      rig.clock.advance(30_000);
    }
    await rig.settle();
    expect(rig.reader.statistics().waitingReads).toBe(1);
    unchecked = 0;
    rig.clock.advance(30_000);
    expect(await read).toBe('timeout');
    await rig.reader.stop();
  });

  it('does not time out while its piece grows in a stream that is hashed', async () => {
    const rig = new ReaderRig({ verifyAll: true });
    const { torrent, handle } = rig.openNew({ length: 2 * PIECE, pieceLength: 2 * PIECE });
    const file = { infoHash: torrent.infoHash, fileIndex: 0 };
    const stalls = Array.from({ length: 8 }, (_, chunk) => rig.engine.stallAt(file, chunk * rig.engine.chunkBytes));
    const read = rig.read(handle, PIECE, 100);
    for (const { reached, lift } of stalls) {
      await reached;
      rig.clock.advance(20_000);
      lift();
    }
    expect((await read).equals(torrent.payload.subarray(PIECE, PIECE + 100))).toBe(true);
    expect(rig.engine.calls.get('open')).toBe(1);
    await rig.reader.stop();
  });

  it('does not take for life what had come in before it began', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: MiB });
    torrent.peers = 0;
    let unchecked = 0;
    countUnchecked(rig, () => unchecked);
    const first = rig.read(handle, 0, 100).catch(() => {});
    await rig.settle();
    unchecked = 16 * KiB;
    const second = rig.read(handle, 0, 100).catch(error => error.code);
    await rig.settle();
    rig.clock.advance(30_000);
    await rig.settle();
    expect(rig.reader.statistics().waitingReads).toBe(1); // the first, for which they came
    expect(await second).toBe('timeout');
    await rig.reader.stop();
    await first;
  });

  it('is dismissed when the mount is to go, unless something of it came lately', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB });
    torrent.peers = 0;
    let unchecked = 0;
    countUnchecked(rig, () => unchecked);
    const read = rig.read(handle, 0, 100);
    const ended = expect(read).rejects.toEqual(expect.objectContaining({ code: 'stopped' }));
    await rig.settle();
    const waitingAfter = async (ms: number) => {
      rig.clock.advance(ms);
      rig.reader.dismiss(2_000);
      await rig.settle();
      return rig.reader.statistics().waitingReads;
    };
    expect(await waitingAfter(1_999)).toBe(1);
    unchecked = 10;
    expect(await waitingAfter(1)).toBe(1);
    expect(await waitingAfter(1_999)).toBe(1);
    expect(await waitingAfter(1)).toBe(0);
    await ended;
    await rig.reader.stop();
  });

  it('names the cause when it times out because the engine fails', async () => {
    const rig = new ReaderRig();
    const { handle } = rig.openNew({ length: MiB });
    for (let call = 1; call < 100; call++) rig.engine.failCall('read', call, new EngineError('network', 'no route'));
    const read = rig.read(handle, 0, 100);
    const ended = expect(read).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('no route') });
    for (let second = 0; second < 31; second++) {
      await rig.settle(3);
      rig.clock.advance(1_000);
    }
    await ended;
    await rig.reader.stop();
  });

  it('does not fail when a stream breaks that reads ahead elsewhere in its piece', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB, pieceLength: 4 * MiB });
    torrent.holdAll();
    const file = { infoHash: torrent.infoHash, fileIndex: 0 };
    const ahead = rig.engine.stallAt(file, 500_000);
    rig.engine.cutAt(file, 500_000);
    const awaited = rig.engine.stallAt(file, 3 * MiB);
    for (const offset of [0, 128 * KiB]) await rig.read(handle, offset, 128 * KiB);
    const read = rig.read(rig.open(torrent), 3 * MiB, 100);
    await rig.settle();
    expect(rig.engine.openStreams.size).toBe(2);
    ahead.lift();
    await rig.settle();
    expect(rig.engine.openStreams.size).toBe(1);
    awaited.lift();
    expect(await read).toHaveLength(100);
    await rig.reader.stop();
  });

  it('goes on after its stream broke', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB });
    rig.engine.cutAt({ infoHash: torrent.infoHash, fileIndex: 0 }, 100_000);
    const read = rig.read(handle, 0, MiB);
    await rig.settle();
    rig.clock.advance(100);
    expect((await read).equals(torrent.payload)).toBe(true);
    await rig.reader.stop();
  });

  it.each([
    ['paused', 'paused'],
    ['error', 'torrent-error'],
  ] as const)('does not wait at all when the torrent is %s, but gets what is there', async (state, code) => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: PIECE });
    torrent.hold(1);
    torrent.setState(state);
    await expect(rig.read(handle, 0, 100)).rejects.toMatchObject({ code });
    await expect(rig.read(handle, 0, MiB)).rejects.toMatchObject({ code });
    expect(await rig.read(handle, PIECE, PIECE)).toHaveLength(PIECE);
    expect(rig.clock.now()).toBe(0);
    await rig.reader.stop();
  });

  it('ends at once when the torrent is paused meanwhile', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB });
    torrent.peers = 0;
    const read = rig.read(handle, 0, 100);
    await rig.settle();
    torrent.setState('paused');
    await expect(read).rejects.toMatchObject({ code: 'paused' });
    await rig.reader.stop();
  });

  it.each([false, true])(
    'has the priority that its file has by now, also where streams are hashed (%s)',
    async verifyAll => {
      const rig = new ReaderRig({ verifyAll });
      const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: PIECE });
      torrent.peers = 0;
      const read = rig.read(handle, 0, 100);
      await rig.settle();
      const priorities = () => [...rig.engine.openStreams].map(({ priority }) => priority);
      expect(priorities()).toEqual([0]);
      rig.reader.setPolicy(handle, { ...waitPolicy, priority: 1 });
      expect(priorities()).toEqual([1]);
      await rig.reader.stop();
      await expect(read).rejects.toMatchObject({ code: 'stopped' });
    },
  );

  it('is turned away when too many wait for its torrent, and no other torrent notices', async () => {
    const rig = new ReaderRig({ admission: { perTorrent: 3, total: 100 } });
    const dead = rig.openNew({ length: 4 * MiB, seed: 1 });
    dead.torrent.peers = 0;
    const waiting = Promise.allSettled([0, 1, 2].map(index => rig.read(dead.handle, index * MiB, 10)));
    await rig.settle();
    await expect(rig.read(dead.handle, 3 * MiB, 10)).rejects.toMatchObject({ code: 'too-many-waiters' });
    const healthy = rig.openNew({ length: MiB, seed: 2 });
    expect(await rig.read(healthy.handle, 0, 100)).toHaveLength(100);
    await rig.reader.stop();
    await waiting;
  });
});

describe('600 readers of a dead torrent', () => {
  it('hold no memory and do not keep a healthy one from its bytes', async () => {
    const rig = new ReaderRig();
    const dead = rig.openNew({ length: 600 * 64 * KiB, seed: 1 });
    dead.torrent.peers = 0;
    const reads = Array.from({ length: 600 }, (_, index) => rig.read(dead.handle, index * 64 * KiB, 4096));
    const waiting = Promise.allSettled(reads);
    await rig.settle();
    expect(rig.reader.statistics()).toMatchObject({ waitingReads: 600, assemblies: 0, replyBytes: 0 });
    const healthy = rig.openNew({ length: 8 * MiB, seed: 2 });
    for (let offset = 0; offset < 8 * MiB; offset += MiB) {
      const bytes = await rig.read(healthy.handle, offset, MiB);
      expect(bytes.equals(healthy.torrent.payload.subarray(offset, offset + MiB))).toBe(true);
    }
    await rig.reader.stop();
    const ended = await waiting;
    expect(ended.every(({ status }) => status === 'rejected')).toBe(true);
  });
});

describe('an interrupted read', () => {
  it('rejects with the reason and closes the stream that nobody else needs', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB });
    torrent.peers = 0;
    const controller = new AbortController();
    const read = rig.read(handle, 0, MiB, controller.signal);
    await rig.settle();
    expect(rig.engine.openStreams.size).toBe(1);
    controller.abort(new Error('Ctrl-C'));
    await expect(read).rejects.toThrow('Ctrl-C');
    await rig.settle();
    expect(rig.engine.openStreams.size).toBe(0);
    await rig.reader.stop();
  });

  it('leaves alone the fetch that another read waits for', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB });
    const other = rig.open(torrent);
    torrent.peers = 0;
    const controller = new AbortController();
    const interrupted = rig.read(handle, 0, 100, controller.signal);
    const patient = rig.read(other, 50, 100);
    await rig.settle();
    const [stream] = rig.engine.openStreams;
    controller.abort(new Error('Ctrl-C'));
    await expect(interrupted).rejects.toThrow('Ctrl-C');
    await rig.settle();
    expect([...rig.engine.openStreams]).toEqual([stream]);
    torrent.peers = 1;
    expect((await patient).equals(torrent.payload.subarray(50, 150))).toBe(true);
    await rig.reader.stop();
  });

  it('that was interrupted before it began fetches nothing', async () => {
    const rig = new ReaderRig();
    const { handle } = rig.openNew({ length: MiB });
    const aborted = AbortSignal.abort(new Error('gone'));
    await expect(rig.read(handle, 0, 100, aborted)).rejects.toThrow('gone');
    await rig.settle();
    expect(rig.engine.calls.get('open') ?? 0).toBe(0);
    await rig.reader.stop();
  });
});

describe('closing a handle', () => {
  it('ends its reads and its read-ahead', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 64 * MiB, pieceLength: MiB });
    for (let offset = 0; offset < 2 * MiB; offset += 128 * KiB) await rig.read(handle, offset, 128 * KiB);
    torrent.peers = 0;
    await rig.settle();
    expect(rig.engine.openStreams.size).toBe(1);
    const read = rig.read(handle, 50 * MiB, 100);
    rig.reader.close(handle);
    await expect(read).rejects.toMatchObject({ code: 'bad-handle' });
    await rig.settle();
    expect(rig.engine.openStreams.size).toBe(0);
    expect(rig.reader.statistics()).toMatchObject({ openHandles: 0, openFiles: 0, windowBytes: 0, assemblies: 0 });
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

describe('a descriptor that is closed while the kernel reads through its page cache', () => {
  it('drops the read-ahead, and ends the reads that wait after a short grace', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 64 * MiB, pieceLength: MiB });
    for (let offset = 0; offset < 2 * MiB; offset += 128 * KiB) await rig.read(handle, offset, 128 * KiB);
    torrent.peers = 0;
    const read = rig.read(handle, 50 * MiB, 100);
    await rig.settle();
    rig.reader.flushed(handle);
    await rig.settle();
    expect(rig.reader.statistics()).toMatchObject({ windowBytes: 0, waitingReads: 1 });
    rig.clock.advance(250);
    await expect(read).rejects.toMatchObject({ name: 'AbortError' });
    await rig.settle();
    expect(rig.engine.openStreams.size).toBe(0);
    await rig.reader.stop();
  });

  it('leaves alone who reads on at a duplicate', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB });
    torrent.peers = 0;
    const old = rig.read(handle, 0, 100);
    await rig.settle();
    rig.reader.flushed(handle);
    const fresh = rig.read(handle, MiB, 100);
    await rig.settle();
    rig.clock.advance(250);
    await expect(old).rejects.toMatchObject({ name: 'AbortError' });
    torrent.peers = 1;
    expect(await fresh).toHaveLength(100);
    await rig.reader.stop();
  });

  it('leaves no timer behind when the handle is closed', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: 4 * MiB });
    torrent.peers = 0;
    const read = rig.read(handle, 0, 100);
    await rig.settle();
    rig.reader.flushed(handle);
    rig.reader.close(handle);
    await expect(read).rejects.toMatchObject({ code: 'bad-handle' });
    await rig.settle();
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

describe('a read that must not wait', () => {
  const eagain = { whenMissing: 'eagain', timeoutMs: 30_000 } as const;

  it.each([
    ['by policy', true],
    ['by O_NONBLOCK', false],
  ])('gets what is held, and `missing` at once for the rest (%s)', async (_, byPolicy) => {
    const rig = new ReaderRig();
    const torrent = rig.engine.addTorrent({ length: MiB, pieceLength: PIECE });
    torrent.peers = 0;
    torrent.hold(0);
    const handle = rig.open(torrent, { policy: byPolicy ? eagain : waitPolicy });
    const read = (offset: number, length: number) => rig.read(handle, offset, length, undefined, !byPolicy);
    expect(await read(0, PIECE)).toHaveLength(PIECE);
    await expect(read(PIECE - 1, 2)).rejects.toMatchObject({ code: 'missing' });
    await expect(read(PIECE, 1)).rejects.toMatchObject({ code: 'missing' });
    expect(rig.clock.now()).toBe(0);
    await rig.reader.stop();
  });

  it('has what is missing fetched, so that asking again makes sense', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: PIECE });
    rig.reader.setPolicy(handle, eagain);
    await expect(rig.read(handle, 0, 100)).rejects.toMatchObject({ code: 'missing' });
    await rig.until(() => torrent.has(0));
    expect(await rig.read(handle, 0, 100)).toHaveLength(100);
    await rig.settle();
    expect(torrent.fetchedBytes).toBe(PIECE);
    await rig.reader.stop();
  });

  it('gets what the engine holds by now, though it has not said so', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: PIECE });
    torrent.peers = 0;
    torrent.hold(0);
    let isTold = false;
    torrent.pieceMap.has = piece => isTold && torrent.has(piece);
    torrent.pieceMap.refresh = async () => {
      isTold = true;
    };
    expect(await rig.read(handle, 0, PIECE, undefined, true)).toHaveLength(PIECE);
    await rig.reader.stop();
  });

  it('is not kept by an engine that does not say again what it holds', async () => {
    const rig = new ReaderRig();
    const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: PIECE });
    await rig.settle();
    torrent.pieceMap.refresh = () => new Promise(() => undefined);
    const read = rig.read(handle, 0, PIECE, undefined, true);
    const ended = expect(read).rejects.toMatchObject({ code: 'missing' });
    await rig.settle();
    rig.clock.advance(2_000);
    await ended;
    await rig.reader.stop();
  });

  it('has one time for all that it asks the engine', async () => {
    const rig = new ReaderRig();
    const resume = rig.engine.hang('localFile');
    const { torrent, handle } = rig.openNew({ length: MiB, pieceLength: PIECE });
    torrent.pieceMap.refresh = () => new Promise(() => undefined);
    await rig.settle();
    rig.clock.advance(1_000);
    const ended = expect(rig.read(handle, 0, 100, undefined, true)).rejects.toMatchObject({ code: 'missing' });
    await rig.settle();
    rig.clock.advance(1_000);
    await rig.settle();
    rig.clock.advance(1_000);
    await ended;
    resume();
    await rig.reader.stop();
  });

  it('is not kept by an engine that says nothing', async () => {
    const rig = new ReaderRig();
    const resume = rig.engine.hang('pieces');
    const { handle } = rig.openNew({ length: MiB });
    const read = rig.read(handle, 0, 100, undefined, true);
    await rig.settle();
    rig.clock.advance(2_000);
    await expect(read).rejects.toMatchObject({ code: 'missing' });
    resume();
    await rig.reader.stop();
  });
});

describe('an engine that does not say what it holds', () => {
  it('is asked again while reads wait, and the read is served all the same', async () => {
    const rig = new ReaderRig();
    rig.engine.failCall('pieces', 1, new EngineError('unavailable', 'starting'));
    const { torrent, handle } = rig.openNew({ length: MiB });
    await rig.settle();
    expect(await rig.read(handle, 0, 100)).toHaveLength(100);
    expect(rig.engine.calls.get('pieces')).toBe(2);
    expect((await rig.read(handle, 0, MiB)).equals(torrent.payload)).toBe(true);
    await rig.reader.stop();
  });
});

describe('opening', () => {
  it('of a file that the torrent does not have takes no handle', async () => {
    const rig = new ReaderRig();
    const torrent = rig.engine.addTorrent({ length: MiB });
    expect(() => rig.open(torrent, { fileIndex: 7 })).toThrow(expect.objectContaining({ code: 'bad-handle' }));
    expect(rig.reader.statistics()).toMatchObject({ openHandles: 0, openFiles: 0 });
    await rig.reader.stop();
  });
});
