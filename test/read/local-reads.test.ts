import { appendFile, mkdir, mkdtemp, open, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { EngineError } from '../../src/engine/index.ts';
import type { FakeTorrent, FakeTorrentOptions } from '../fakes/fake-torrent.ts';
import { KiB, MiB, never, ReaderRig } from './reader-rig.ts';

const PIECE = 256 * KiB;
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-reads-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A torrent whose files lie in the folder, all pieces held. */
async function onDisk(rig: ReaderRig, options: FakeTorrentOptions, mustVerify = true): Promise<FakeTorrent> {
  const torrent = rig.engine.addTorrent({ pieceLength: PIECE, ...options });
  const pathOf = (file: { readonly path: readonly string[] }): string => join(folder, ...file.path);
  for (const file of torrent.details.files) {
    if (file.padding) continue;
    await mkdir(dirname(pathOf(file)), { recursive: true });
    await writeFile(pathOf(file), torrent.fileBytes(file.index));
  }
  torrent.holdAll();
  torrent.setLocalFiles(pathOf, { mustVerify });
  return torrent;
}

async function flipByte(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, offset);
  await file.write(new Uint8Array([(byte[0] ?? 0) ^ 0xff]), 0, 1, offset);
  // Two changes within a tick of the kernel's clock may leave the same time.
  await file.utimes(new Date(), ++changes);
  await file.close();
}

/** Files that were changed so far. */
let changes = 0;

/** The pieces whose loads have begun, as they do, until the test is over. */
async function beginningsOfLoads(): Promise<readonly number[]> {
  const pieces: number[] = [];
  const file = await open(import.meta.filename);
  const handle: { read(into: Uint8Array, at: number, length: number, position: number): unknown } =
    Object.getPrototypeOf(file);
  await file.close();
  const { read } = handle;
  const spy = vi.spyOn(handle, 'read').mockImplementation(function (this: unknown, ...parameters) {
    pieces.push(Math.floor(parameters[3] / PIECE));
    return Reflect.apply(read, this, parameters);
  });
  onTestFinished(() => spy.mockRestore());
  return pieces;
}

function readable(torrent: FakeTorrent, fileIndex = 0) {
  return { infoHash: torrent.infoHash, fileIndex, details: torrent.details };
}

async function verifiedPath(rig: ReaderRig, torrent: FakeTorrent, fileIndex = 0): Promise<string | undefined> {
  return (await rig.reader.verifiedLocalFile(readable(torrent, fileIndex), { signal: never }))?.path;
}

describe.each([true, false])('held pieces on this disk (written by another program: %s)', mustVerify => {
  it('are read from there, without a stream', async () => {
    const rig = new ReaderRig();
    const torrent = await onDisk(rig, { length: 3 * MiB + 5 }, mustVerify);
    const handle = rig.open(torrent);
    for (let offset = 0; offset < torrent.payload.length; offset += 300_000) {
      const bytes = await rig.read(handle, offset, 300_000);
      expect(bytes.equals(torrent.payload.subarray(offset, offset + 300_000))).toBe(true);
    }
    expect(rig.engine.calls.get('open') ?? 0).toBe(0);
    await rig.reader.stop();
    expect(rig.reader.statistics().localBytes).toBe(0);
  });

  it('are used as far as they are held, the others streamed', async () => {
    const rig = new ReaderRig();
    const torrent = await onDisk(rig, { length: 8 * PIECE }, mustVerify);
    torrent.lose(2, 3, 6);
    await writeFile(join(folder, 'file.bin'), Buffer.alloc(3 * PIECE), { flag: 'r+' });
    await writeFile(join(folder, 'file.bin'), torrent.payload.subarray(0, 2 * PIECE), { flag: 'r+' });
    const handle = rig.open(torrent);
    const bytes = await rig.read(handle, 0, 8 * PIECE);
    expect(bytes.equals(torrent.payload)).toBe(true);
    expect(torrent.fetchedBytes).toBe(3 * PIECE);
    await rig.reader.stop();
  });

  it('are read ahead of a reader that went on without a piece which nobody has', async () => {
    const rig = new ReaderRig();
    const torrent = await onDisk(rig, { length: 8 * MiB }, mustVerify);
    torrent.lose(...Array.from({ length: torrent.details.pieceCount }, (_, piece) => piece));
    torrent.withhold(5);
    const handle = rig.open(torrent);
    const readOn = async (from: number, to: number) => {
      for (let offset = from; offset < to; offset += 64 * KiB) await rig.read(handle, offset, 64 * KiB);
    };
    await readOn(0, 5 * PIECE);
    await rig.until(() => rig.engine.openStreams.size === 1);
    const [stuck] = rig.engine.openStreams; // waits for the piece, to go on to the end of the window
    const last = (stuck?.endExclusive ?? 0) - 64 * KiB;
    expect(last).toBeGreaterThan(7 * PIECE);
    rig.clock.advance(1_000);
    await readOn(6 * PIECE, 7 * PIECE);
    await rig.until(() => rig.fast.read(handle, last, 64 * KiB) !== undefined);
    expect([...rig.engine.openStreams].map(({ position }) => position)).not.toContain(5 * PIECE);
    await rig.reader.stop();
  });

  it('go to whoever has waited longest, wherever in the file others read', async () => {
    const rig = new ReaderRig({ cacheBytes: MiB, readAheadBytes: 0 });
    const torrent = await onDisk(rig, { length: 16 * MiB }, mustVerify);
    const begun = await beginningsOfLoads();
    let longestWait = 0;
    const readers = Array.from({ length: 16 }, async (_, reader) => {
      const handle = rig.open(torrent);
      for (let round = 0; begun.length < 300; round++) {
        const piece = (reader * 37 + round * 23) % 64;
        const before = begun.length;
        await rig.read(handle, piece * PIECE, 4 * KiB);
        // Not how many were served before: a disk may take its time for one of them.
        longestWait = Math.max(longestWait, begun.indexOf(piece, before) - before);
      }
    });
    await Promise.all(readers);
    expect(begun.length).toBeGreaterThanOrEqual(300);
    expect(longestWait).toBeGreaterThan(4);
    expect(longestWait).toBeLessThan(2 * 16);
    await rig.reader.stop();
  });

  it('are asked of the engine when the file cannot be read', async () => {
    const rig = new ReaderRig();
    const torrent = await onDisk(rig, { length: MiB }, mustVerify);
    await rm(join(folder, 'file.bin'));
    const handle = rig.open(torrent);
    expect((await rig.read(handle, 0, MiB)).equals(torrent.payload)).toBe(true);
    await rig.reader.stop();
  });
});

describe('a piece on disk that another program wrote', () => {
  it('is hashed together with the files that it spans', async () => {
    const rig = new ReaderRig();
    const files = [100 * KiB, 1000, 300 * KiB, 50 * KiB, 400 * KiB].map((length, index) => ({
      path: ['sub', `${index}`],
      length,
      padding: index === 3,
    }));
    const torrent = await onDisk(rig, { files });
    for (const fileIndex of [0, 1, 2, 4]) {
      const handle = rig.open(torrent, { fileIndex });
      const bytes = await rig.read(handle, 0, MiB);
      expect(bytes.equals(torrent.fileBytes(fileIndex)), `file ${fileIndex}`).toBe(true);
    }
    expect(rig.engine.calls.get('open') ?? 0).toBe(0);
    await rig.reader.stop();
  });

  it('is not believed when it does not match, but asked of the engine and hashed again', async () => {
    const rig = new ReaderRig();
    const torrent = await onDisk(rig, { length: 4 * PIECE });
    await flipByte(join(folder, 'file.bin'), PIECE + 5);
    const handle = rig.open(torrent);
    expect((await rig.read(handle, 0, 4 * PIECE)).equals(torrent.payload)).toBe(true);
    expect(rig.engine.calls.get('open')).toBe(1);
    await rig.reader.stop();
  });

  it('is fetched anew by an engine that looks again; then nothing of the torrent is believed without its hash', async () => {
    const rig = new ReaderRig();
    const torrent = await onDisk(rig, { length: 4 * PIECE }, false);
    for (const piece of [1, 3]) await flipByte(join(folder, 'file.bin'), piece * PIECE + 5);
    const looked: number[] = [];
    rig.engine.mustVerify = () => looked.length > 0;
    rig.engine.recheck = async (_, piece) => {
      looked.push(piece);
      torrent.lose(piece);
    };
    const handle = rig.open(torrent);
    expect((await rig.read(handle, 0, 4 * PIECE)).equals(torrent.payload)).toBe(true);
    expect(looked.toSorted()).toEqual([1, 3]);
    expect(torrent.fetchedBytes).toBe(2 * PIECE);
    await rig.reader.stop();
  });

  it('is `corrupt` when the engine has the same wrong bytes', async () => {
    const rig = new ReaderRig();
    const torrent = await onDisk(rig, { length: 4 * PIECE });
    await flipByte(join(folder, 'file.bin'), PIECE + 5);
    torrent.payload[PIECE + 5] = (torrent.payload[PIECE + 5] ?? 0) ^ 0xff;
    const handle = rig.open(torrent);
    await expect(rig.read(handle, PIECE, 10)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await rig.read(handle, 0, PIECE)).toHaveLength(PIECE);
    expect(await rig.read(handle, 2 * PIECE, 2 * PIECE)).toHaveLength(2 * PIECE);
    await rig.reader.stop();
  });
});

describe('a file of which the engine did not say where it lies', () => {
  const starting = new EngineError('unavailable', 'starting');

  it('is read from this disk once it says so', async () => {
    const rig = new ReaderRig({ readAheadBytes: 0 });
    rig.engine.failCall('localFile', 1, starting);
    const torrent = await onDisk(rig, { length: 4 * PIECE });
    const handle = rig.open(torrent);
    await rig.settle();
    expect((await rig.read(handle, 0, PIECE)).equals(torrent.payload.subarray(0, PIECE))).toBe(true);
    await rig.until(() => rig.engine.calls.get('localFile') === 2);
    await rig.settle();
    const streams = rig.engine.calls.get('open');
    const rest = await rig.read(handle, PIECE, 3 * PIECE);
    expect(rest.equals(torrent.payload.subarray(PIECE))).toBe(true);
    expect(rig.engine.calls.get('open')).toBe(streams);
    await rig.reader.stop();
  });

  it('is hashed from then on', async () => {
    const rig = new ReaderRig({ readAheadBytes: 0 });
    for (const call of [1, 2]) rig.engine.failCall('localFile', call, starting);
    const torrent = await onDisk(rig, { length: 4 * PIECE });
    await flipByte(join(folder, 'file.bin'), 2 * PIECE + 5);
    torrent.payload[2 * PIECE + 5] = (torrent.payload[2 * PIECE + 5] ?? 0) ^ 0xff;
    const handle = rig.open(torrent);
    await rig.settle();
    await rig.read(handle, 0, PIECE);
    rig.clock.advance(1_000);
    await rig.read(handle, PIECE, PIECE);
    await rig.until(() => rig.engine.calls.get('localFile') === 3);
    await rig.settle();
    await expect(rig.read(handle, 2 * PIECE, 10)).rejects.toMatchObject({ code: 'corrupt' });
    await rig.reader.stop();
  });
});

describe('a file that somebody replaced while it was open', () => {
  it.each(['before a byte of it was read from the disk', 'before it was opened once more'])(
    'is hashed when its engine finds that out, %s',
    async when => {
      const rig = new ReaderRig({ cacheBytes: 0, readAheadBytes: 0 });
      const torrent = await onDisk(rig, { length: 8 * PIECE }, false);
      torrent.lose(7); // nothing is known of a file that is not complete but by its engine
      let isReplaced = false;
      let isDoubted = false;
      rig.engine.mustVerify = () => isDoubted;
      const locate = rig.engine.localFile.bind(rig.engine);
      rig.engine.localFile = (...given) => {
        isDoubted = isReplaced;
        return locate(...given);
      };
      const handle = rig.open(torrent);
      await rig.read(handle, 7 * PIECE, PIECE); // it is known where the file is
      torrent.lose(7);
      if (when === 'before it was opened once more') await rig.read(handle, 0, PIECE);
      await writeFile(join(folder, 'file.bin'), Buffer.alloc(8 * PIECE));
      isReplaced = true;
      if (when === 'before it was opened once more') {
        rig.open(torrent);
        await rig.until(() => isDoubted);
      }
      expect((await rig.read(handle, PIECE, PIECE)).equals(torrent.payload.subarray(PIECE, 2 * PIECE))).toBe(true);
      await rig.reader.stop();
    },
  );

  it('is opened anew when a piece of it does not match; pieces that are right in the new one cost nothing', async () => {
    const rig = new ReaderRig({ readAheadBytes: 0 });
    const torrent = await onDisk(rig, { length: 8 * PIECE }, false);
    const looked: number[] = [];
    rig.engine.recheck = async (_, piece) => void looked.push(piece);
    const handle = rig.open(torrent);
    await rig.read(handle, 0, PIECE);
    const path = join(folder, 'file.bin');
    await rename(path, `${path}.theirs`);
    await writeFile(`${path}.theirs`, Buffer.alloc(8 * PIECE)); // what had not come when they moved it
    await writeFile(path, torrent.payload);
    rig.engine.mustVerify = () => true;
    for (let piece = 1; piece < 8; piece++) {
      const bytes = await rig.read(handle, piece * PIECE, PIECE);
      expect(bytes.equals(torrent.payload.subarray(piece * PIECE, (piece + 1) * PIECE))).toBe(true);
    }
    expect(looked).toEqual([1]);
    await rig.reader.stop();
  });

  it('is opened anew once for all who read it at the same time', async () => {
    const rig = new ReaderRig({ readAheadBytes: 0 });
    const torrent = await onDisk(rig, { length: 8 * PIECE }, false);
    const looked: number[] = [];
    rig.engine.recheck = async (_, piece) => void looked.push(piece);
    const handle = rig.open(torrent);
    await rig.read(handle, 0, PIECE);
    const path = join(folder, 'file.bin');
    await rename(path, `${path}.theirs`);
    await truncate(`${path}.theirs`, PIECE);
    await writeFile(path, torrent.payload);
    rig.engine.mustVerify = () => true;
    const reads = [1, 2, 3, 4].map(piece => rig.read(handle, piece * PIECE, PIECE));
    expect(Buffer.concat(await Promise.all(reads)).equals(torrent.payload.subarray(PIECE, 5 * PIECE))).toBe(true);
    expect(rig.engine.calls.get('open')).toBe(1); // for the one piece that was found wrong
    await rig.reader.stop();
  });
});

describe('a file whose blocks lie across pieces', () => {
  it('leaves no more half-filled blocks behind than may be', async () => {
    const rig = new ReaderRig({ assemblyLimit: 4, readAheadBytes: 0 });
    const files = [
      { path: ['odd'], length: 1000 },
      { path: ['a'], length: 12 * PIECE },
      { path: ['b'], length: 12 * PIECE },
    ];
    const torrent = await onDisk(rig, { files });
    const handles = [1, 2].map(fileIndex => ({ fileIndex, handle: rig.open(torrent, { fileIndex }) }));
    for (let piece = 1; piece < 12; piece += 2) {
      for (const { fileIndex, handle } of handles) {
        const bytes = await rig.read(handle, piece * PIECE, 100);
        expect(bytes.equals(torrent.fileBytes(fileIndex).subarray(piece * PIECE, piece * PIECE + 100))).toBe(true);
        expect(rig.reader.statistics().assemblies).toBeLessThanOrEqual(4);
      }
    }
    await rig.reader.stop();
    expect(rig.reader.statistics().assemblies).toBe(0);
  });
});

describe('a complete file', () => {
  it('is handed out whole once each of its pieces was hashed, for as long as nobody touches it', async () => {
    const rig = new ReaderRig();
    const torrent = await onDisk(rig, { length: 4 * PIECE });
    const path = join(folder, 'file.bin');
    const askFor = () => verifiedPath(rig, torrent);
    expect(await askFor()).toBeUndefined();
    await rig.reader.verified();
    expect(await askFor()).toBe(path);

    await flipByte(path, 7);
    expect(await askFor()).toBeUndefined();
    await rig.reader.verified();
    expect(await askFor(), 'hashed and found wrong').toBeUndefined();
    const handle = rig.open(torrent);
    expect((await rig.read(handle, 0, MiB)).equals(torrent.payload)).toBe(true);

    await flipByte(path, 7);
    expect(await askFor()).toBeUndefined();
    await rig.reader.verified();
    expect(await askFor(), 'put right again').toBe(path);
    await rig.reader.stop();
  });

  it.each([true, false])(
    'that changes after it was hashed is hashed by piece again (mustVerify %s)',
    async mustVerify => {
      const rig = new ReaderRig({ cacheBytes: 0 });
      const torrent = await onDisk(rig, { length: 4 * PIECE }, mustVerify);
      await rig.reader.verifiedLocalFile(readable(torrent), { signal: never });
      await rig.reader.verified();
      const handle = rig.open(torrent);
      expect((await rig.read(handle, 0, PIECE)).equals(torrent.payload.subarray(0, PIECE))).toBe(true);
      await flipByte(join(folder, 'file.bin'), 9);
      await utimes(join(folder, 'file.bin'), 1, 1);
      expect((await rig.read(handle, 0, PIECE)).equals(torrent.payload.subarray(0, PIECE))).toBe(true);
      await rig.reader.stop();
    },
  );

  it('is not read whole when it was closed before its turn', async () => {
    const rig = new ReaderRig();
    const files = ['a', 'b', 'c'].map(name => ({ path: [name], length: 2 * PIECE }));
    const torrent = await onDisk(rig, { files });
    const ask = (fileIndex: number) => verifiedPath(rig, torrent, fileIndex);
    for (const fileIndex of [0, 1, 2]) await ask(fileIndex);
    rig.open(torrent, { fileIndex: 2 });
    await rig.reader.verified();
    expect([await ask(0), await ask(2)]).toEqual([join(folder, 'a'), join(folder, 'c')]);
    expect(await ask(1)).toBeUndefined();
    await rig.reader.verified();
    expect(await ask(1), 'asked for once more').toBe(join(folder, 'b'));
    await rig.reader.stop();
  });

  it('costs no more than its ends where a file beside it is gone, and is hashed when that is back', async () => {
    const rig = new ReaderRig();
    const files = [
      { path: ['film'], length: 8 * PIECE - 10 },
      { path: ['sample'], length: 10 },
    ];
    const torrent = await onDisk(rig, { files });
    const compared = vi.spyOn(torrent.details.pieceHashes, 'subarray');
    const ask = () => verifiedPath(rig, torrent);
    await rename(join(folder, 'sample'), join(folder, 'moved'));
    expect(await ask()).toBeUndefined();
    await rig.reader.verified();
    expect(compared).not.toHaveBeenCalled();
    await rename(join(folder, 'moved'), join(folder, 'sample'));
    expect(await ask()).toBeUndefined();
    await rig.reader.verified();
    expect(await ask()).toBe(join(folder, 'film'));
    await rig.reader.stop();
  });

  it('is not handed out while a piece is missing, or when it is longer than it should be', async () => {
    const rig = new ReaderRig();
    const torrent = await onDisk(rig, { length: 4 * PIECE });
    torrent.lose(3);
    const askFor = () => verifiedPath(rig, torrent);
    expect(await askFor()).toBeUndefined();
    await rig.reader.verified();
    torrent.hold(3);
    await appendFile(join(folder, 'file.bin'), 'more');
    expect(await askFor()).toBeUndefined();
    await rig.reader.verified();
    expect(await askFor()).toBeUndefined();
    await rig.reader.stop();
  });
});

describe('a stream of an engine that may have wrong bytes', () => {
  /** All held, on a disk that only the engine reads; a byte of the second piece is wrong there. */
  function wrongInSecond(rig: ReaderRig) {
    const torrent = rig.engine.addTorrent({ length: 4 * PIECE, pieceLength: PIECE });
    const right = Uint8Array.from(torrent.payload);
    torrent.holdAll();
    torrent.payload[PIECE + 5] = (torrent.payload[PIECE + 5] ?? 0) ^ 1;
    return { torrent, right };
  }

  it('has a piece that does not match looked at, and fetched anew', async () => {
    const rig = new ReaderRig();
    const { torrent, right } = wrongInSecond(rig);
    rig.engine.mustVerify = () => true;
    rig.engine.recheck = async (_, piece) => {
      torrent.lose(piece);
      torrent.payload.set(right);
    };
    expect((await rig.read(rig.open(torrent), 0, 4 * PIECE)).equals(right)).toBe(true);
    expect(torrent.fetchedBytes).toBe(PIECE);
    await rig.reader.stop();
  });

  it('is `corrupt` when the piece does not match then either, after one look', async () => {
    const rig = new ReaderRig({ readAheadBytes: 0 });
    const { torrent } = wrongInSecond(rig);
    const looked: number[] = [];
    rig.engine.mustVerify = () => true;
    rig.engine.recheck = async (_, piece) => {
      looked.push(piece);
      torrent.lose(piece);
    };
    const handle = rig.open(torrent);
    await expect(rig.read(handle, PIECE, 10)).rejects.toMatchObject({ code: 'corrupt' });
    expect([looked, torrent.fetchedBytes]).toEqual([[1], PIECE]);
    expect(await rig.read(handle, 2 * PIECE, 2 * PIECE)).toHaveLength(2 * PIECE);
    await rig.reader.stop();
  });

  it('is hashed from when the doubts come up, also if it was open before', async () => {
    const rig = new ReaderRig({ readAheadBytes: 0 });
    const { torrent, right } = wrongInSecond(rig);
    let isDoubted = false;
    rig.engine.mustVerify = () => isDoubted;
    rig.engine.recheck = async (_, piece) => {
      torrent.lose(piece);
      torrent.payload.set(right);
    };
    const { reached, lift } = rig.engine.stallAt({ infoHash: torrent.infoHash, fileIndex: 0 }, PIECE);
    const read = rig.read(rig.open(torrent), 0, 2 * PIECE);
    await reached;
    isDoubted = true;
    lift();
    expect((await read).equals(right.subarray(0, 2 * PIECE))).toBe(true);
    await rig.reader.stop();
  });
});

describe('a stream that is not hashed', () => {
  /** Of twelve pieces one is wrong, here and wherever the engine has it from; those before it have to be fetched. */
  async function withWrongPiece(rig: ReaderRig): Promise<FakeTorrent> {
    const torrent = await onDisk(rig, { length: 12 * PIECE });
    await flipByte(join(folder, 'file.bin'), 8 * PIECE + 5);
    torrent.payload[8 * PIECE + 5] = (torrent.payload[8 * PIECE + 5] ?? 0) ^ 0xff;
    torrent.lose(...Array.from({ length: 8 }, (_, piece) => piece));
    return torrent;
  }

  async function readOn(rig: ReaderRig, handle: number, from: number, to: number): Promise<void> {
    for (let offset = from; offset < to; offset += 64 * KiB) await rig.read(handle, offset, 64 * KiB);
  }

  it('is not extended over a piece that is known to be wrong', async () => {
    const rig = new ReaderRig({ readAheadBytes: 2 * PIECE });
    const torrent = await withWrongPiece(rig);
    const [sequential, other] = [rig.open(torrent), rig.open(torrent)];
    await readOn(rig, sequential, 0, PIECE);
    expect(Math.max(...[...rig.engine.openStreams].map(stream => stream.endExclusive))).toBeLessThan(8 * PIECE);
    await expect(rig.read(other, 8 * PIECE, 10)).rejects.toMatchObject({ code: 'corrupt' });
    await readOn(rig, sequential, PIECE, 8 * PIECE);
    await expect(rig.read(sequential, 8 * PIECE, 10)).rejects.toMatchObject({ code: 'corrupt' });
    await rig.reader.stop();
  });

  it('does not bring a piece that became known to be wrong when it was on its way there', async () => {
    const rig = new ReaderRig();
    const torrent = await withWrongPiece(rig);
    torrent.withhold(7);
    const [sequential, other] = [rig.open(torrent), rig.open(torrent)];
    await readOn(rig, sequential, 0, 7 * PIECE);
    expect([...rig.engine.openStreams].map(stream => stream.endExclusive)).toEqual([12 * PIECE]);
    await expect(rig.read(other, 8 * PIECE, 10)).rejects.toMatchObject({ code: 'corrupt' });
    torrent.release(7);
    await readOn(rig, sequential, 7 * PIECE, 8 * PIECE);
    await expect(rig.read(sequential, 8 * PIECE, 10)).rejects.toMatchObject({ code: 'corrupt' });
    await rig.reader.stop();
  });
});

describe('with every stream hashed', () => {
  it('gives right bytes across files, and `corrupt` for wrong ones', async () => {
    const rig = new ReaderRig({ verifyAll: true });
    const files = [100 * KiB, 1000, 300 * KiB, 400 * KiB].map((length, index) => ({ path: [`${index}`], length }));
    const torrent = rig.engine.addTorrent({ files, pieceLength: PIECE });
    for (const fileIndex of [0, 1, 2, 3]) {
      const handle = rig.open(torrent, { fileIndex });
      expect((await rig.read(handle, 0, MiB)).equals(torrent.fileBytes(fileIndex))).toBe(true);
      rig.reader.close(handle);
    }
    const other = rig.engine.addTorrent({ length: MiB, pieceLength: PIECE, seed: 2 });
    other.payload[10] = (other.payload[10] ?? 0) ^ 1;
    const handle = rig.open(other);
    await expect(rig.read(handle, 0, 5)).rejects.toMatchObject({ code: 'corrupt' });
    await rig.reader.stop();
  });

  it('has no memory for pieces of which nothing has come', async () => {
    const rig = new ReaderRig({ verifyAll: true, readAheadBytes: 0 });
    const torrent = rig.engine.addTorrent({ payload: Buffer.alloc(64 * MiB, 7), length: 64 * MiB, pieceLength: MiB });
    torrent.peers = 0;
    const handle = rig.open(torrent);
    const before = process.memoryUsage().arrayBuffers;
    const reads = Array.from({ length: 21 }, (_, reader) => rig.read(handle, reader * 3 * MiB, 10));
    await rig.until(() => rig.engine.openStreams.size === 21);
    await rig.settle();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * MiB);
    torrent.peers = 1;
    await Promise.all(reads);
    await rig.reader.stop();
  });

  it('of a torrent that the engine cannot vouch for alone', async () => {
    const rig = new ReaderRig();
    const [doubtful, other] = [1, 2].map(seed => {
      const torrent = rig.engine.addTorrent({ length: MiB, pieceLength: PIECE, seed });
      torrent.payload[10] = (torrent.payload[10] ?? 0) ^ 1;
      return torrent;
    });
    if (doubtful === undefined || other === undefined) throw new Error('two were made');
    rig.engine.mustVerify = infoHash => infoHash === doubtful.infoHash;
    await expect(rig.read(rig.open(doubtful), 0, 5)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await rig.read(rig.open(other), 0, 5)).toHaveLength(5);
    await rig.reader.stop();
  });
});
