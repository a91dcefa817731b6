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

/** The files of a mount, reached through a child process, so that a mount that hangs does not hold us. */
export class MountAccess {
  readonly mountpoint: string;

  constructor(mountpoint: string) {
    this.mountpoint = mountpoint;
  }

  /** @param path below the mount point. @throws MountAccessError */
  async read(path: string): Promise<string> {
    const bytes = await this.#run('read', path, { timeoutMs });
    return bytes.toString('utf8');
  }

  /** Makes a new file. @throws MountAccessError with the errno of open, write or close */
  async create(path: string, content: Uint8Array): Promise<void> {
    await this.#run('create', path, { input: content, timeoutMs: writeTimeoutMs });
  }

  /** Writes to a file that is there, in one write(2). @throws MountAccessError */
  async write(path: string, content: string): Promise<void> {
    await this.#run('write', path, { input: Buffer.from(content), timeoutMs: writeTimeoutMs });
  }

  #run(operation: string, path: string, options: { input?: Uint8Array; timeoutMs: number }): Promise<Buffer> {
    const target = join(this.mountpoint, path);
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [agent, operation, target], { stdio: 'pipe' });
      const chunks: Buffer[] = [];
      let code = '';
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => {
        code += chunk.toString('utf8');
      });
      // A process that the mount holds cannot be killed: it is left behind, and ends with the mount.
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        child.unref();
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
        reject(new MountAccessError('TIMEOUT', target));
      }, options.timeoutMs);
      child.once('error', reject);
      child.once('close', exitCode => {
        clearTimeout(timer);
        if (exitCode === 0) resolve(Buffer.concat(chunks));
        else reject(new MountAccessError(code || 'EIO', target));
      });
      child.stdin.on('error', () => {}); // it failed before it took all of its input; `close` tells
      child.stdin.end(options.input);
    });
  }
}
