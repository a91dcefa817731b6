import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDataDirectory } from '../../src/mount/open-data-directory.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { Teardown } from '../../src/util/teardown.ts';

it('a data directory that will not do is left with nothing open', async () => {
  const path = mkdtempSync(join(tmpdir(), 'torrent-fuse-data-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  writeFileSync(join(path, 'metainfo'), 'no folder');
  const teardown = new Teardown();
  const opening = openDataDirectory({ path, mountpoint: '/mnt', logger: silentLogger, teardown });
  await expect(opening).rejects.toMatchObject({ code: 'data-dir' });
  expect(openBelow(path)).toContain(join(path, 'journal.jsonl'));
  await teardown.run(error => expect.fail(`${error}`));
  expect(openBelow(path)).toEqual([]);
});

function openBelow(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)].filter(target => target.startsWith(folder));
    } catch {
      return []; // that of the listing itself
    }
  });
}
