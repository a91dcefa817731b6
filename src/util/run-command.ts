import { spawn } from 'node:child_process';

export interface CommandResult {
  /** -1: killed by a signal. Undefined: it did not end within `timeoutMs`. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** What it reads from its standard input; nothing unless given. */
  readonly input?: Uint8Array;
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
  { input, inheritFd, timeoutMs = 30_000 }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(inheritFd === undefined ? [] : [inheritFd])],
      env: { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin` },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const result = (exitCode: number | undefined): CommandResult => ({
      exitCode,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    });
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    const timer = setTimeout(() => {
      // A process that a mount holds stays behind, and ends with the mount.
      child.kill('SIGKILL');
      child.unref();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      resolve(result(undefined));
    }, timeoutMs);
    child.once('error', error => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', code => {
      clearTimeout(timer);
      resolve(result(code ?? -1));
    });
    child.stdin?.on('error', () => {}); // it failed before it took all of its input; `close` tells
    child.stdin?.end(input);
  });
}
