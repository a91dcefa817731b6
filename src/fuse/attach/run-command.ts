import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Undefined: killed by a signal, or after `timeoutMs`. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Becomes descriptor 3 of the command. */
  readonly inheritFd?: number;
  /** After this the command is killed and no longer waited for: one that touches a hung mount cannot even be killed. */
  readonly timeoutMs?: number;
}

/**
 * Runs a program to its end, in the C locale because its messages are looked at.
 *
 * @throws NodeJS.ErrnoException ENOENT when there is no such program
 */
export function runCommand(
  command: string,
  args: readonly string[],
  { inheritFd, timeoutMs = 30_000 }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', ...(inheritFd === undefined ? [] : [inheritFd])],
      env: { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin` },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', chunk => {
      stdout += chunk;
    });
    child.stderr?.on('data', chunk => {
      stderr += chunk;
    });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      child.unref();
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve({ exitCode: undefined, stdout, stderr });
    }, timeoutMs);
    child.once('error', error => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', code => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? undefined, stdout, stderr });
    });
  });
}
