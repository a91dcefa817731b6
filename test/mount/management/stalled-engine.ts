import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { RqbitServer } from '../../swarm/rqbit-server.ts';

const STOP_THREAD = fileURLToPath(new URL('../harness/stop_thread.py', import.meta.url));

/**
 * Stops the engine of a mount while the rest of it runs: the server's process, or the engine thread of the mount's own.
 *
 * @returns what lets it go on
 */
export async function stallEngine({
  server,
  mount,
}: {
  readonly server: RqbitServer | undefined;
  readonly mount: { readonly pid: number | undefined };
}): Promise<() => Promise<void>> {
  if (server !== undefined) {
    server.signal('SIGSTOP');
    return async () => server.signal('SIGCONT');
  }
  const tracer = spawn('/usr/bin/python3', [STOP_THREAD, `${mount.pid}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    tracer.kill('SIGKILL');
  });
  await Promise.race([
    once(tracer.stdout, 'data'),
    once(tracer, 'exit').then(() => Promise.reject(new Error('the engine thread cannot be stopped; is it ptrace(2)?'))),
  ]);
  return async () => {
    const gone = once(tracer, 'exit');
    tracer.stdin.end();
    await gone;
  };
}
