import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/**
 * Starts a program that serves until SIGTERM. Resolves with the first line that it prints when it is ready.
 *
 * @returns {Promise<{ line: string, pid: number, stop: () => Promise<void> }>}
 */
export async function startServer(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const died = exited.then(([code]) => Promise.reject(new Error(`${command} ${args.join(' ')} ended with ${code}`)));
  died.catch(() => {});
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), died]);
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { line, pid: child.pid, stop };
}
