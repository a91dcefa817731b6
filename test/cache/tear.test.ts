import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCacheMemory } from '../../src/cache/cache-memory.ts';
import type { TearJob, TearResult, VariantName } from './tear-worker.ts';

/** Blocks as small as a few cache lines: the smaller they are, the more often a fill meets a read. */
const BLOCK_BYTES = 256;
const SLOTS = 8;
/** What tears does so within a second, if both have a processor. */
const TEARING_LIMIT_MS = 100_000;

let workerCode = '';

beforeAll(async () => {
  const entry = fileURLToPath(new URL('./tear-worker.ts', import.meta.url));
  const built = await build({ entryPoints: [entry], bundle: true, write: false, platform: 'node', format: 'cjs' });
  workerCode = built.outputFiles[0]?.text ?? '';
});

describe('a reader and a writer that spin on one small cache', () => {
  it.each<VariantName>(['cache', 'the same steps, written out'])(
    'never show a torn block with the right protocol (%s)',
    async variant => {
      const enoughReads = 20_480; // with fewer, reader and writer hardly met: then the test shows nothing
      const { reads, torn } = await race(variant, { wantedReads: 1_500_000, enoughReads, busyMs: 2_000 });
      expect(torn).toBe(0);
      expect(reads).toBeGreaterThanOrEqual(enoughReads);
    },
  );

  // It has to be both at once: on one processor, what one does never looks to the other as if it were in another order.
  it
    .skipIf(availableParallelism() === 1)
    .each<VariantName>([
      'no pins',
      'no second look at the key',
      'plain loads and stores',
      'pins looked at before the key is cleared',
    ])('tear blocks when the protocol is weakened: %s', { timeout: TEARING_LIMIT_MS + 10_000 }, async variant => {
    const endless = Number.POSITIVE_INFINITY;
    const { torn } = await race(variant, { wantedReads: endless, enoughReads: endless, busyMs: endless });
    expect(torn).toBeGreaterThan(0);
  });
});

type RaceOptions = Pick<TearJob, 'wantedReads' | 'enoughReads' | 'busyMs'>;

async function race(variant: VariantName, options: RaceOptions): Promise<TearResult> {
  const memory = createCacheMemory(SLOTS * BLOCK_BYTES, BLOCK_BYTES);
  const stop = new SharedArrayBuffer(4);
  const timer = setTimeout(() => Atomics.store(new Int32Array(stop), 0, 1), TEARING_LIMIT_MS);
  const jobs = (['writer', 'reader'] as const).map((role): TearJob => ({ role, variant, memory, stop, ...options }));
  const [, result] = await Promise.all(jobs.map(run));
  clearTimeout(timer);
  if (result === undefined) throw new Error('the reader said nothing');
  return result;
}

function run(job: TearJob): Promise<TearResult | undefined> {
  return new Promise((resolve, reject) => {
    let result: TearResult | undefined;
    const worker = new Worker(workerCode, { eval: true, workerData: job });
    worker.on('message', (message: TearResult) => {
      result = message;
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve(result));
  });
}
