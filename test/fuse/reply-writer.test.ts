import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ReplyWriter } from '../../src/fuse/reply-writer.ts';
import { silentLogger } from '../../src/util/logger.ts';

let folder: string;
let path: string;
let fd: number;
const errors: unknown[] = [];
const logger = { ...silentLogger, error: (fields: object) => void errors.push(fields) };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reply-writer-'));
  path = join(folder, 'device');
  fd = openSync(path, 'w');
  errors.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

test('parts are written one after another, shared memory too', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(65);
  new ReplyWriter(fd, logger).write([Buffer.from('head '), shared, Buffer.from(' tail')]);
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('head AA tail');
});

test('a failed write is logged and does not throw', () => {
  closeSync(fd);
  new ReplyWriter(fd, logger).write([Buffer.from('lost')]);
  expect(errors).toMatchObject([{ error: { code: 'EBADF' } }]);
});

test('nothing is written after close, when the descriptor may be another file', () => {
  const writer = new ReplyWriter(fd, logger);
  writer.close();
  writer.write([Buffer.from('late')]);
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('');
});
