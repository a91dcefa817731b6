import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { timeoutSignal } from '../../src/util/timeout-signal.ts';

it('fires with the reason of a time limit, also as part of another signal after a collection of garbage', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const bounded = AbortSignal.any([new AbortController().signal, timeoutSignal(200)]);
  await new Promise(setImmediate);
  collectGarbage();
  await expect.poll(() => bounded.aborted).toBe(true);
  expect(bounded.reason).toMatchObject({ name: 'TimeoutError' });
});
