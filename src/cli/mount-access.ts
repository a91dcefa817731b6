import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../util/run-command.ts';

/** What an access failed with: an errno's name, or `TIMEOUT` when the mount did not answer in time. */
export class MountAccessError extends Error {
  override readonly name = 'MountAccessError';
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${path}: ${code}`);
    this.code = code;
  }
}

/** A mount answers in milliseconds, unless its machine is busy; a .torrent file of 20 MB is parsed and journalled first. */
const patienceMs = 20_000;

const agent = fileURLToPath(new URL('mount-agent.js', import.meta.url));

/** The files of a mount, reached through child processes, so that a mount that hangs does not hold us. */
export class MountAccess {
  readonly mountpoint: string;

  constructor(mountpoint: string) {
    this.mountpoint = mountpoint;
  }

  /** @param path below the mount point. @throws MountAccessError */
  async read(path: string, timeoutMs = patienceMs): Promise<string> {
    const target = join(this.mountpoint, path);
    // cat starts in a millisecond, Node takes a large part of a second on a busy machine.
    const { stdout, stderr, exitCode } = await runCommand('cat', ['--', target], { timeoutMs });
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
    const options = { input, timeoutMs: patienceMs };
    const { stderr, exitCode } = await runCommand(process.execPath, [agent, operation, target], options);
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
