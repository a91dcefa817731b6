import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { currentOsThread, osThreadCpuSeconds } from '../../src/util/os-thread.ts';

test('the CPU time of a thread grows with its work alone', async () => {
  const own = currentOsThread();
  const before = osThreadCpuSeconds(own) ?? Number.NaN;
  // The process may have other threads that work.
  const end = process.cpuUsage().user + 5_000_000;
  while (osThreadCpuSeconds(own) === before && process.cpuUsage().user < end);
  expect((osThreadCpuSeconds(own) ?? 0) - before).toBeGreaterThan(0);
});

test('a thread that is gone has none', async () => {
  const code = `
    const { parentPort } = require('node:worker_threads');
    parentPort.postMessage(require('node:fs').readlinkSync('/proc/thread-self').split('/').pop());`;
  const worker = new Worker(code, { eval: true });
  const osThread = await new Promise<string>(resolve => worker.once('message', resolve));
  await worker.terminate();
  expect(Number(osThread)).not.toBe(currentOsThread());
  await expect.poll(() => osThreadCpuSeconds(Number(osThread))).toBeUndefined();
});
