import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder of the test's own, which ordinary users may enter, removed when the test is over. */
export async function scratchFolder(): Promise<string> {
  const folder = await createScratchFolder();
  onTestFinished(() => removeScratchFolder(folder));
  return folder;
}

/** The same for a whole file of tests: the caller removes it in `afterAll`. */
export async function createScratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'torrent-fuse-test-'));
  await chmod(folder, 0o755);
  return folder;
}

export async function removeScratchFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
