import { expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { oneRead } from '../harness/one-read.ts';
import { MiB, OneFileMount } from '../read/one-file-mount.ts';

const TIMEOUT_S = 5;

it('a read of a piece of which half has come, and no more does, ends after one deadline', async () => {
  const file = await OneFileMount.start({
    content: patternContent(8 * MiB),
    pieceLength: 8 * MiB,
    more: ['--read-timeout', `${TIMEOUT_S}s`],
    rate: MiB,
  });
  const range = { offset: 0, length: 100 };
  const first = oneRead(file.path, range);
  await eventually(async () => expect((await file.seeder.stats()).uploadedBytes).toBeGreaterThan(2 * MiB));
  await file.seeder.kill();
  expect(await first).toMatchObject({ errno: 'ETIMEDOUT' });

  const { errno, seconds } = await oneRead(file.path, range);
  expect(errno).toBe('ETIMEDOUT');
  expect(seconds).toBeGreaterThanOrEqual(TIMEOUT_S - 0.1);
  expect(seconds).toBeLessThan(TIMEOUT_S * 1.75);
});
