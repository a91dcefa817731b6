import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** Reads the file from its beginning, to its end or until the test is over. */
export function readInBackground(path: string): ChildProcess {
  return runInBackground('cat', [path]);
}

/** The same for a program that waits for its input where it is to stand still. */
export function runInBackground(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  return child;
}
