import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareMountPoint, resolveMountPoint } from '../../../src/fuse/attach/mount-point.ts';
import { silentLogger } from '../../../src/util/logger.ts';

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'mount-point-')));
  await mkdir(join(folder, 'empty'));
  await mkdir(join(folder, 'full'));
  await writeFile(join(folder, 'full', 'file'), '');
  await symlink('empty', join(folder, 'link'));
  await symlink('loop', join(folder, 'loop'));
});
afterAll(() => rm(folder, { recursive: true }));

test('an empty folder is taken, through symbolic links too', async () => {
  expect(await prepareMountPoint(join(folder, 'empty'), 'x', silentLogger)).toBe(join(folder, 'empty'));
  expect(await prepareMountPoint(join(folder, 'full', '..', 'link'), 'x', silentLogger)).toBe(join(folder, 'empty'));
});

test('a mount point is found without looking at what is mounted there', async () => {
  expect(await resolveMountPoint('/proc')).toBe('/proc');
  expect(await resolveMountPoint('/')).toBe('/');
});

test.each([
  ['missing', 'mountpoint-missing', /does not exist; create it: mkdir -p .*missing$/],
  ['full/file', 'mountpoint-not-a-directory', /is a file; name a folder$/],
  ['full', 'mountpoint-not-empty', /is not empty.*choose an empty folder$/],
  ['loop', 'mountpoint-missing', /too many symbolic links/],
])('%s is refused as %s', async (name, code, message) => {
  const refusal = prepareMountPoint(join(folder, name), 'x', silentLogger);
  await expect(refusal).rejects.toMatchObject({ name: 'FuseError', code, message: expect.stringMatching(message) });
});

test('something else that is mounted there stays', async () => {
  await expect(prepareMountPoint('/proc', 'x', silentLogger)).rejects.toMatchObject({
    code: 'mountpoint-in-use',
    message: '/proc is already a mount point (proc); unmount that first, or choose another folder',
  });
});
