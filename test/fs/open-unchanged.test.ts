import { execFile } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { appendFile, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stateOf } from '../../src/engine/index.ts';
import { openUnchanged } from '../../src/fs/open-unchanged.ts';

describe.each([true, false])('opening a verified file (on a server that may not answer: %s)', mayHang => {
  async function verifiedFile() {
    const folder = await mkdtemp(join(tmpdir(), 'unchanged-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'file');
    await writeFile(path, 'verified');
    return { path, state: await stateOf(path), mayHang };
  }

  it('gives its descriptor', async () => {
    const fd = await openUnchanged(await verifiedFile());
    if (fd === undefined) throw new Error('it was not opened');
    onTestFinished(() => closeSync(fd));
    expect(readFileSync(fd, 'utf8')).toBe('verified');
  });

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['is gone', path => rm(path)],
    ['was written to', path => appendFile(path, 'more')],
    [
      'is another',
      async path => {
        await writeFile(`${path}.theirs`, 'verified');
        await rename(`${path}.theirs`, path);
      },
    ],
    [
      'is a link to it by now',
      async path => {
        await rename(path, `${path}.moved`);
        await symlink(`${path}.moved`, path);
      },
    ],
    [
      'is a fifo',
      async path => {
        await rm(path);
        await promisify(execFile)('mkfifo', [path]);
      },
    ],
  ])('gives none that %s', async (_, change) => {
    const file = await verifiedFile();
    await change(file.path);
    expect(await openUnchanged(file)).toBeUndefined();
  });
});
