import { expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { oneRead } from '../harness/one-read.ts';
import { MiB, OneFileMount } from '../read/one-file-mount.ts';

/** Long enough that two of them differ from one on a busy machine. */
const TIMEOUT_S = 8;

it('a read of a piece of which a part has come, and no more does, ends after one deadline', async () => {
  const file = await OneFileMount.start({
    content: patternContent(32 * MiB),
    pieceLength: 32 * MiB, // which takes half a minute
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
  expect(seconds).toBeLessThan(2 * TIMEOUT_S);
});
