import { expect, it } from 'vitest';
import { mayWaitForServer } from '../../src/util/server-disk.ts';

it('only disks that are known wait for nobody', async () => {
  expect([await mayWaitForServer('/dev/shm'), await mayWaitForServer('/proc')]).toEqual([false, true]);
  await expect(mayWaitForServer('/nowhere')).rejects.toThrow('ENOENT');
});
