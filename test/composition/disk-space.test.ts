import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { MountStatistics } from '../../src/fs/mount-statistics.ts';
import { DiskSpace } from '../../src/mount/disk-space.ts';
import { silentLogger } from '../../src/util/logger.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

it('a disk that hangs is asked once: each question that hangs takes a thread from everybody else', async () => {
  const answered = await statfs(tmpdir());
  let hung = () => {};
  const ask = vi.fn(() => new Promise<typeof answered>(resolve => (hung = () => resolve(answered))));
  const started = DiskSpace.start({
    path: tmpdir(),
    statistics: new MountStatistics(),
    logger: silentLogger,
    ask,
  });
  hung();
  const space = await started;
  onTestFinished(() => space.stop());
  vi.advanceTimersByTime(60_000);
  expect(ask).toHaveBeenCalledTimes(2);
  hung();
  await new Promise(resolve => setImmediate(resolve));
  vi.advanceTimersByTime(5_000);
  expect(ask).toHaveBeenCalledTimes(3);
});
