import type { FileHandle } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OpenFiles } from '../../../src/engine/embedded/open-files.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Files that only count how they are opened and closed. */
function countedFiles(limits = { files: 2, idleMs: 1000 }) {
  const opened: string[] = [];
  const closed: string[] = [];
  const replaced = new Set<string>();
  const open = async (path: string): Promise<FileHandle> => {
    opened.push(path);
    if (path === 'missing') throw new Error('ENOENT');
    return { close: async () => void closed.push(path) } as Partial<FileHandle> as FileHandle; // closed and nothing else
  };
  const leadsTo = async (path: string) => !replaced.delete(path);
  const onReplaced = (path: string) => void opened.push(`instead of ${path}`);
  return { files: new OpenFiles({ open, leadsTo, onReplaced }, limits), opened, closed, replaced };
}

const nothing = async () => {};
const settled = () => vi.advanceTimersByTimeAsync(0);

test('users of a file share it, one after another and at the same time', async () => {
  const { files, opened } = countedFiles();
  await Promise.all([files.with('a', nothing), files.with('a', nothing)]);
  await files.with('a', nothing);
  expect(opened).toEqual(['a']);
});

test('a file that is no longer the one at its path is closed, and the one that is there opened once that is told', async () => {
  const { files, opened, closed, replaced } = countedFiles();
  await files.with('a', nothing);
  replaced.add('a');
  await files.with('a', nothing);
  await files.with('a', nothing);
  await settled();
  expect([opened, closed]).toEqual([['a', 'instead of a', 'a'], ['a']]);
});

test('what was read while the file was replaced is read again from the one that is there', async () => {
  const { files, replaced } = countedFiles();
  let reads = 0;
  const read = async () => {
    if (reads === 0) replaced.add('a');
    return ++reads;
  };
  expect(await files.with('a', read)).toBe(2);
});

test('a path that leads to another file each time is given up', async () => {
  const { files, replaced } = countedFiles();
  await expect(files.with('a', async () => void replaced.add('a'))).rejects.toThrow('replaced all the time');
});

test('what is over the limit is closed, the longest unused first', async () => {
  const { files, closed } = countedFiles();
  for (const path of ['a', 'b', 'a', 'c']) await files.with(path, nothing);
  await settled();
  expect(closed).toEqual(['b']);
});

test('a file in use stays open however many there are', async () => {
  const { files, closed } = countedFiles({ files: 1, idleMs: 1000 });
  let release = () => {};
  const inUse = files.with('a', () => new Promise<void>(resolve => (release = resolve)));
  await files.with('b', nothing);
  files.closeAll();
  await settled();
  expect(closed).toEqual(['b']);
  release();
  await inUse;
  await settled();
  expect(closed).toEqual(['b', 'a']);
});

test('an unused file is closed after a while, a used one is not', async () => {
  const { files, closed } = countedFiles();
  await files.with('a', nothing);
  for (let round = 0; round < 5; round++) {
    await files.with('b', nothing);
    await vi.advanceTimersByTimeAsync(900);
  }
  expect(closed).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(2000);
  expect(closed).toEqual(['a', 'b']);
  expect(vi.getTimerCount()).toBe(0);
});

test('a file that could not be opened, or failed its user, is opened afresh', async () => {
  const { files, opened, closed } = countedFiles();
  await expect(files.with('missing', nothing)).rejects.toThrow('ENOENT');
  await expect(files.with('missing', nothing)).rejects.toThrow('ENOENT');
  await expect(files.with('a', () => Promise.reject(new Error('EIO')))).rejects.toThrow('EIO');
  await files.with('a', nothing);
  expect(opened).toEqual(['missing', 'missing', 'a', 'a']);
  expect(closed).toEqual(['a']);
});

test('of a device nothing that is read is given', async () => {
  const files = new OpenFiles();
  await expect(files.with('/dev/zero', file => file.read(Buffer.alloc(1)))).rejects.toThrow('no regular file');
});
