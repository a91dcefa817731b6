import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What an access failed with: an errno's name, or `TIMEOUT` when the mount did not answer in time. */
export class MountAccessError extends Error {
  override readonly name = 'MountAccessError';
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${path}: ${code}`);
    this.code = code;
  }
}

/** A mount that answers does so in milliseconds. */
const timeoutMs = 2000;
/** A .torrent file of 20 MB is parsed and journalled before its close returns. */
const writeTimeoutMs = 20_000;

const agent = fileURLToPath(new URL('mount-agent.js', import.meta.url));

/** The files of a mount, reached through child processes, so that a mount that hangs does not hold us. */
export class MountAccess {
  readonly mountpoint: string;

  constructor(mountpoint: string) {
    this.mountpoint = mountpoint;
  }

  /** @param path below the mount point. @throws MountAccessError */
  async read(path: string): Promise<string> {
    const target = join(this.mountpoint, path);
    // cat starts in a millisecond, Node takes a large part of the two seconds on a busy machine.
    const { stdout, stderr, exitCode } = await runChild(['cat', '--', target], { timeoutMs });
    if (exitCode === undefined) throw new MountAccessError('TIMEOUT', target);
    if (exitCode !== 0) throw new MountAccessError(errnoOf(stderr), target);
    return stdout;
  }

  /** Makes a new file. @throws MountAccessError with the errno of open, write or close */
  async create(path: string, content: Uint8Array): Promise<void> {
    await this.#write('create', path, content);
  }

  /** Writes to a file that is there, in one write(2). @throws MountAccessError */
  async write(path: string, content: string): Promise<void> {
    await this.#write('write', path, Buffer.from(content));
  }

  async #write(operation: string, path: string, input: Uint8Array): Promise<void> {
    const target = join(this.mountpoint, path);
    const command = [process.execPath, agent, operation, target];
    const { stderr, exitCode } = await runChild(command, { input, timeoutMs: writeTimeoutMs });
    if (exitCode === undefined) throw new MountAccessError('TIMEOUT', target);
    if (exitCode !== 0) throw new MountAccessError(stderr || 'EIO', target);
  }
}

/** What cat says in the C locale. */
const errnoByMessage: readonly (readonly [RegExp, string])[] = [
  [/not connected/i, 'ENOTCONN'],
  [/permission denied/i, 'EACCES'],
  [/not permitted/i, 'EPERM'],
  [/no such file/i, 'ENOENT'],
  [/is a directory/i, 'EISDIR'],
  [/not a directory/i, 'ENOTDIR'],
];

function errnoOf(message: string): string {
  return errnoByMessage.find(([pattern]) => pattern.test(message))?.[1] ?? 'EIO';
}

interface ChildResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when it did not end in time. */
  readonly exitCode: number | undefined;
}

function runChild(
  [program = '', ...args]: readonly string[],
  { input, timeoutMs: limitMs }: { readonly input?: Uint8Array; readonly timeoutMs: number },
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const result = (exitCode: number | undefined) => ({
      stdout: Buffer.concat(stdout).toString('utf8'),
      stderr: Buffer.concat(stderr).toString('utf8'),
      exitCode,
    });
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A process that the mount holds cannot be killed: it is left behind, and ends with the mount.
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      child.unref();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      resolve(result(undefined));
    }, limitMs);
    child.once('error', reject);
    child.once('close', code => {
      clearTimeout(timer);
      resolve(result(code ?? -1));
    });
    child.stdin.on('error', () => {}); // it failed before it took all of its input; `close` tells
    child.stdin.end(input);
  });
}
