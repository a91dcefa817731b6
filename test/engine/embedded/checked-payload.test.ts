import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CheckedPayload } from '../../../src/engine/embedded/checked-payload.ts';
import { DataExtents } from '../../../src/engine/embedded/data-extents.ts';
import { PayloadStore } from '../../../src/engine/embedded/payload-store.ts';
import { parseMetainfo } from '../../../src/engine/metainfo.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

// Two files of two pieces and a half each, which share piece 2.
const PIECE = 16_384;
const files = ['a', 'b'].map(path => ({ path, content: patternContent(2.5 * PIECE, path) }));
const made = makeTorrent({ name: 'two', files, pieceLength: PIECE });
const details = parseMetainfo(made.bytes);
const bytes = Buffer.concat(files.map(({ content }) => content.read(0, content.size)));
const pieceOf = (piece: number) => bytes.subarray(piece * PIECE, (piece + 1) * PIECE);

async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'payload-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const ended = new AbortController();
  const lost: number[] = [];
  const whole: { readonly fileIndex: number; readonly heldCount: number }[] = [];
  const open = () => {
    const payload: CheckedPayload = new CheckedPayload({
      details,
      folder,
      extents: new DataExtents(),
      signal: ended.signal,
      events: {
        onHeld: () => {},
        onLost: piece => lost.push(piece),
        onWhole: files => {
          for (const { fileIndex } of files) whole.push({ fileIndex, heldCount: payload.held.heldCount });
        },
      },
    });
    onTestFinished(() => payload.close());
    return payload;
  };
  const keep = async (payload: CheckedPayload, ...pieces: number[]) => {
    for (const piece of pieces) await payload.keep(piece, pieceOf(piece));
  };
  return { ended, lost, whole, open, keep, fileOf: (name: string) => join(folder, name) };
}

test('what it keeps is held, can be read, and is found by the next check', async () => {
  const { open, keep } = await setUp();
  const first = open();
  await first.check(() => []);
  await keep(first, 1, 2);
  expect([first.held.has(0), first.held.has(1), first.held.has(2)]).toEqual([false, true, true]);
  expect(first.progressBytes).toBe(2 * PIECE);
  expect(await first.read(PIECE, 2 * PIECE)).toEqual(Uint8Array.from(bytes.subarray(PIECE, 3 * PIECE)));
  const second = open();
  expect([second.isChecked, second.progressBytes]).toEqual([false, 0]);
  await second.check(() => []);
  expect([second.isChecked, second.progressBytes]).toEqual([true, 2 * PIECE]);
  expect(second.held.toBitfield()).toEqual(first.held.toBitfield());
});

test('a file is told to be whole before its last piece is seen to be held, and after a check', async () => {
  const { open, keep, whole } = await setUp();
  const first = open();
  await first.check(() => []);
  await keep(first, 0, 2, 1, 4);
  expect(whole).toEqual([{ fileIndex: 0, heldCount: 2 }]);
  whole.length = 0;
  await open().check(() => []);
  expect(whole).toEqual([{ fileIndex: 0, heldCount: 4 }]);
});

test('a check that is ended is not done, and nothing is written any more', async () => {
  const { ended, open, keep } = await setUp();
  const payload = open();
  const checking = payload.check(() => []);
  ended.abort(new Error('over'));
  await expect(checking).rejects.toThrow('over');
  expect(payload.isChecked).toBe(false);
  await expect(keep(payload, 0)).rejects.toThrow('over');
  expect(payload.held.heldCount).toBe(0);
});

test('a second look misses what is gone, each piece once also when two look at once', async () => {
  const { ended, open, keep, lost, fileOf } = await setUp();
  const payload = open();
  await payload.check(() => []);
  await keep(payload, 0, 1, 2, 3, 4);
  await truncate(fileOf('b'), PIECE);
  await expect(payload.read(3 * PIECE, 2 * PIECE)).rejects.toThrow('the payload is not on disk');
  await Promise.all([payload.recheck(2, 5, ended.signal), payload.recheck(2, 5, ended.signal)]);
  expect(lost).toEqual([3, 4]);
  expect(payload.progressBytes).toBe(3 * PIECE);
  expect([...payload.held.toBitfield()]).toEqual([0b11100000]);
});

test('a second look that the system does not let read takes nothing for lost', async () => {
  const { ended, open, keep, lost } = await setUp();
  const payload = open();
  await payload.check(() => []);
  await keep(payload, 0);
  const failure = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  onTestFinished(() => void vi.restoreAllMocks());
  vi.spyOn(PayloadStore.prototype, 'read').mockRejectedValueOnce(failure);
  await expect(payload.recheck(0, 1, ended.signal)).rejects.toThrow('too many open files');
  await payload.recheck(0, 1, ended.signal);
  expect([lost, payload.held.has(0)]).toEqual([[], true]);
});

test.each([
  ['nothing', async () => {}],
  ['a folder', (path: string) => mkdir(path)],
  ['a link', (path: string) => symlink('/dev/zero', path)],
  ['a fifo', async (path: string) => void execFileSync('mkfifo', [path])],
])('a second look that finds %s in the place of a file misses its pieces', async (_, put) => {
  const { ended, open, keep, lost, fileOf } = await setUp();
  const payload = open();
  await payload.check(() => []);
  await keep(payload, 0, 4);
  await rm(fileOf('a'));
  await put(fileOf('a'));
  await payload.recheck(0, 5, ended.signal);
  expect(lost).toEqual([0]);
});

test('what is held is in doubt from the first piece on that is written after somebody else wrote', async () => {
  const { open, keep, fileOf } = await setUp();
  const payload = open();
  await payload.check(() => []);
  await keep(payload, 0, 1);
  expect(payload.held.isDoubted).toBe(false);
  await rm(fileOf('a'));
  await keep(payload, 2);
  expect(payload.held.isDoubted).toBe(true);
});
