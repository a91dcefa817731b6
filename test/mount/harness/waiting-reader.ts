import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readlink } from 'node:fs/promises';
import { onTestFinished, vi } from 'vitest';

/** The descriptors that a reader may have opened its file on: dd makes it its standard input. */
const DESCRIPTORS = [0, 3];

/** Starts a program that reads `path`, and resolves when it is in read(2) of it. It is killed when the test is over. */
export async function startWaitingReader(
  path: string,
  [command, args]: readonly [string, readonly string[]],
): Promise<ChildProcess> {
  const reader = spawn(command, args, { stdio: 'ignore' });
  onTestFinished(() => void reader.kill('SIGKILL'));
  await vi.waitFor(() => insistOnReading(reader, path), { timeout: 30_000, interval: 50 });
  return reader;
}

/** Sends the signal. @returns milliseconds until the process had ended */
export async function endWith(reader: ChildProcess, signal: NodeJS.Signals): Promise<number> {
  const gone = once(reader, 'exit');
  const startMs = performance.now();
  reader.kill(signal);
  await gone;
  return performance.now() - startMs;
}

/** Looks into /proc only, which asks nothing of the mount. */
async function insistOnReading(reader: ChildProcess, path: string): Promise<void> {
  const process = `/proc/${reader.pid}`;
  const call = await readFile(`${process}/syscall`, 'utf8');
  const [number, descriptor] = call.split(' ');
  const isRead = number === '0' && DESCRIPTORS.some(fd => descriptor === `0x${fd}`);
  if (!isRead || (await readlink(`${process}/fd/${Number(descriptor)}`)) !== path) {
    throw new Error(`process ${reader.pid} does not read ${path} yet: ${call}`);
  }
}
