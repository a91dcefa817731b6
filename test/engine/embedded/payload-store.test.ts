import { execFile } from 'node:child_process';
import { existsSync, renameSync, truncateSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { DataExtents, hasData } from '../../../src/engine/embedded/data-extents.ts';
import { HeldPieces } from '../../../src/engine/embedded/held-pieces.ts';
import { PayloadStore } from '../../../src/engine/embedded/payload-store.ts';
import { verifyPayload } from '../../../src/engine/embedded/piece-verifier.ts';
import { stateOf } from '../../../src/engine/file-state.ts';
import { parseMetainfo } from '../../../src/engine/metainfo.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent, type TorrentPlan } from '../../fixtures/make-torrent.ts';

const PIECE = 16_384;
const run = promisify(execFile);

async function setUp(plan: Partial<TorrentPlan> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const made = makeTorrent({
    name: 'stored',
    files: [
      { path: 'a', content: patternContent(PIECE + 10, 'a') },
      { path: 'empty' },
      { path: 'pad', content: Buffer.alloc(90), attr: 'p' },
      { path: 'sub/b', content: patternContent(3 * PIECE, 'b') },
    ],
    ...plan,
  });
  const details = parseMetainfo(made.bytes);
  const told: string[][] = [];
  const isThere = (path: string) => existsSync(join(folder, path));
  const store = new PayloadStore(folder, details, () => told.push(['a', 'sub/b'].filter(isThere)));
  onTestFinished(() => store.close());
  // The payload as one run of bytes; padding is in it, though not among the files that a seeder lays out.
  const [a, , b] = made.files.map(({ content }) => Buffer.from(content.read(0, content.size)));
  const payload = Buffer.concat([a ?? '', Buffer.alloc(90), b ?? ''].map(part => Buffer.from(part)));
  const pieceOf = (piece: number) => payload.subarray(piece * PIECE, (piece + 1) * PIECE);
  return { folder, details, store, payload, pieceOf, told };
}

async function verify(details: ReturnType<typeof parseMetainfo>, store: PayloadStore, wanted: readonly number[] = []) {
  const held = new HeldPieces(details.pieceCount);
  const found: number[] = [];
  let progress = 0;
  await verifyPayload(
    { details, store, held, extents: new DataExtents() },
    {
      signal: new AbortController().signal,
      wanted: () => wanted,
      onHeld: piece => found.push(piece),
      onProgress: bytes => {
        progress = bytes;
      },
    },
  );
  return { found, progress };
}

test('a piece goes into the files that it spans, and comes back from them', async () => {
  const { folder, store, payload, pieceOf } = await setUp();
  await store.writePiece(1, pieceOf(1));
  const a = await readFile(join(folder, 'a'));
  expect(a.subarray(PIECE)).toEqual(payload.subarray(PIECE, PIECE + 10));
  const back = new Uint8Array(PIECE - 20);
  expect(await store.read(back, PIECE + 5)).toBe(true);
  expect(Buffer.from(back)).toEqual(payload.subarray(PIECE + 5, 2 * PIECE - 15));
});

test('files have their final size and their owner only, from the first piece on', async () => {
  const { folder, store, pieceOf } = await setUp();
  await store.writePiece(1, pieceOf(1));
  expect((await stat(join(folder, 'a'))).size).toBe(PIECE + 10);
  expect((await stat(join(folder, 'sub/b'))).size).toBe(3 * PIECE);
  expect((await stat(join(folder, 'sub/b'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'sub'))).mode & 0o777).toBe(0o700);
});

test('padding has no file, empty files have one', async () => {
  const { folder, store, pieceOf } = await setUp();
  await store.makeEmptyFiles();
  await store.writePiece(1, pieceOf(1));
  await expect(stat(join(folder, 'pad'))).rejects.toThrow('ENOENT');
  expect((await stat(join(folder, 'empty'))).size).toBe(0);
});

test('reading makes no files, and what is missing or short cannot be read', async () => {
  const { folder, store, pieceOf } = await setUp();
  await expect(store.read(new Uint8Array(10), 0)).rejects.toThrow('ENOENT');
  await expect(stat(join(folder, 'a'))).rejects.toThrow('ENOENT');
  await store.writePiece(1, pieceOf(1));
  await truncate(join(folder, 'a'), 5);
  expect(await store.read(new Uint8Array(10), 0)).toBe(false);
});

test.each<[string, (path: string) => Promise<unknown>]>([
  ['a fifo', path => run('mkfifo', [path])],
  ['a directory', path => mkdir(path)],
  ['a link', path => symlink('/dev/zero', path)],
])(
  'of %s that somebody put in the place of a file nothing is read or written, nor is it waited for',
  async (_, put) => {
    const { folder, store, details, pieceOf } = await setUp();
    await store.writePiece(1, pieceOf(1));
    await rm(join(folder, 'a'));
    await put(join(folder, 'a'));
    store.closeForReading();
    await expect(store.read(new Uint8Array(10), 0)).rejects.toThrow();
    await expect(store.writePiece(0, pieceOf(0))).rejects.toThrow();
    expect((await verify(details, store)).found).toEqual([]);
  },
);

test('verifying finds the pieces that are right, whatever else is there', async () => {
  const { store, details, pieceOf } = await setUp();
  await store.writePiece(0, pieceOf(0));
  await store.writePiece(2, new Uint8Array(PIECE).fill(7));
  await store.writePiece(3, pieceOf(3));
  expect(await verify(details, store)).toEqual({ found: [0, 3], progress: details.totalLength });
});

test('verifying looks first at what somebody waits for', async () => {
  const { store, details, pieceOf } = await setUp();
  for (let piece = 0; piece < details.pieceCount; piece++) await store.writePiece(piece, pieceOf(piece));
  expect((await verify(details, store, [3, 2])).found).toEqual([3, 2, 0, 1, 4]);
});

test('verifying reads nothing of what was never written', async () => {
  const { store, details, pieceOf } = await setUp({
    files: [{ path: 'a', content: patternContent(64 * PIECE, 'a') }],
  });
  await store.writePiece(40, pieceOf(40));
  const survey = await store.survey(new DataExtents());
  const withData = Array.from({ length: 64 }, (_, piece) => piece).filter(piece => survey?.hasDataOf(piece));
  expect(withData).toEqual([40]);
  expect((await verify(details, store)).found).toEqual([40]);
});

test('verifying a torrent of which nothing is there is over at once', async () => {
  const { store, details } = await setUp();
  expect(await store.survey(new DataExtents())).toBeUndefined();
  expect(await verify(details, store)).toEqual({ found: [], progress: details.totalLength });
});

test('a range has data where it meets an extent', () => {
  const extents = [
    { start: 10, endExclusive: 20 },
    { start: 30, endExclusive: 40 },
  ];
  const ranges: [number, number][] = [
    [0, 10],
    [0, 11],
    [19, 20],
    [20, 30],
    [25, 31],
    [40, 50],
  ];
  expect(ranges.map(([start, end]) => hasData(extents, start, end))).toEqual([false, true, true, false, true, false]);
});

test('the state of a file is told as the last survey or the last piece left it', async () => {
  const { folder, details, store, pieceOf } = await setUp();
  await store.writePiece(0, pieceOf(0));
  expect(store.filesOf(0).map(file => file.index)).toEqual([0]);
  expect(store.stateOf(0)).toBe(await stateOf(join(folder, 'a')));
  const later = new PayloadStore(folder, details);
  onTestFinished(() => later.close());
  await later.survey(new DataExtents());
  expect(later.stateOf(0)).toBe(store.stateOf(0));
  expect(later.stateOf(3)).toBeUndefined();
});

test('a file that is moved away while it is written is not ours, which is told before another is made', async () => {
  const { folder, store, pieceOf, told } = await setUp();
  await store.writePiece(2, pieceOf(2));
  const writing = [3, 4].map(piece => store.writePiece(piece, pieceOf(piece)));
  renameSync(join(folder, 'sub/b'), join(folder, 'moved'));
  await Promise.all(writing);
  expect(told[0]).toEqual([]);
  expect(store.stateOf(3)).toBeUndefined();
  for (const piece of [3, 4]) {
    const back = new Uint8Array(pieceOf(piece).length);
    expect(await store.read(back, piece * PIECE)).toBe(true);
    expect(Buffer.from(back)).toEqual(pieceOf(piece));
  }
});

test('a file that is cut while it is written is not ours', async () => {
  const { folder, store, pieceOf, told } = await setUp();
  await store.writePiece(2, pieceOf(2));
  expect(told).toEqual([]);
  const writing = [3, 4].map(piece => store.writePiece(piece, pieceOf(piece)));
  truncateSync(join(folder, 'sub/b'), 0);
  await Promise.all(writing);
  expect(told).not.toEqual([]);
  expect(store.stateOf(3)).toBeUndefined();
});

test('a file that was moved away between two writes is left as it was', async () => {
  const { folder, store, pieceOf, told } = await setUp();
  await store.writePiece(3, pieceOf(3));
  renameSync(join(folder, 'sub/b'), join(folder, 'moved'));
  const moved = await stateOf(join(folder, 'moved'));
  await store.writePiece(4, pieceOf(4));
  expect([told, await stateOf(join(folder, 'moved'))]).toEqual([[[]], moved]);
});
