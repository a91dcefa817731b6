import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { run, runOk } from './run.ts';

/** The built command line, as a user runs it. */
export const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
/** What npm puts on the PATH. */
const PROGRAM = fileURLToPath(new URL('../../../bin/torrent-fuse', import.meta.url));

/** An ordinary user: `nobody`, who is on every machine. */
export const NOBODY = 65534;

export interface MountProcessOptions {
  readonly sources?: readonly string[];
  readonly mountpoint: string;
  readonly dataDir: string;
  /** Further options of `mount`. */
  readonly args?: readonly string[];
  /** Runs as this user; root by default. */
  readonly uid?: number;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** Options that keep the embedded engine to the peers it is told of. */
export const LOOPBACK_ONLY = ['--engine', 'embedded', '--no-dht', '--no-trackers', '--no-lsd'] as const;

/**
 * A `torrent-fuse mount` in a child process. The test's own process must never touch the mount: it would wait for a reply
 * of its own child with its event loop stopped.
 */
export class MountProcess {
  readonly mountpoint: string;
  readonly dataDir: string;
  readonly child: ChildProcess;
  readonly #uid: number | undefined;
  #output = '';

  private constructor(options: MountProcessOptions, child: ChildProcess) {
    this.mountpoint = options.mountpoint;
    this.dataDir = options.dataDir;
    this.#uid = options.uid;
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString('utf8');
      });
    }
  }

  /** Starts it and resolves when it says that it is ready; it is taken down when the test is over, however it ends. */
  static async start(options: MountProcessOptions): Promise<MountProcess> {
    const mount = await MountProcess.startUnmanaged(options);
    onTestFinished(() => mount.destroy());
    return mount;
  }

  /** The same for a whole file of tests: the caller calls {@link destroy}. */
  static async startUnmanaged(options: MountProcessOptions): Promise<MountProcess> {
    // Where a killed process left its mount there is a folder already, and looking at it fails with ENOTCONN.
    if (!isMounted(options.mountpoint)) await mkdir(options.mountpoint, { recursive: true });
    const mount = new MountProcess(options, spawnMount(options));
    try {
      await mount.#untilReady();
    } catch (error) {
      await mount.destroy();
      throw error;
    }
    return mount;
  }

  /** All that it printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Where it serves HTTP, as it said before it was ready. */
  get dashboardUrl(): URL {
    const url = /^dashboard: (\S+)$/m.exec(this.#output)?.[1];
    if (url === undefined) throw new Error(`the mount told of no dashboard:\n${this.#output}`);
    return new URL(url);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the mount process never started');
    return this.child.pid;
  }

  path(...parts: string[]): string {
    return join(this.mountpoint, ...parts);
  }

  /** Resolves when the root shows all of these names: a magnet appears when its metadata is there. */
  async untilListed(names: readonly string[], timeoutMs = 60_000): Promise<void> {
    const script = 'for name in "$@"; do until [ -e "$name" ]; do sleep 0.1; done; done';
    await runOk(...this.asMounter('bash', ['-c', script, 'bash', ...names.map(name => this.path(name))]), {
      timeoutMs,
    });
  }

  /** The command as the user who mounted: without allow_other, the kernel lets nobody else in, not even root. */
  asMounter(command: string, args: readonly string[]): [string, readonly string[]] {
    return asUser(this.#uid, command, args);
  }

  /** Sends the signal and resolves with the exit code once the process is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
    return this.child.exitCode;
  }

  /** Leaves neither process nor mount, whatever state they are in. */
  async destroy(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
      await gone;
      clearTimeout(timer);
    }
    if (isMounted(this.mountpoint)) await run('umount', ['-l', this.mountpoint]);
  }

  async #untilReady(): Promise<void> {
    if (/^ready: /m.test(this.#output)) return;
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (/^ready: /m.test(this.#output)) resolve();
      };
      this.child.stdout?.on('data', look);
      this.child.once('error', reject);
      this.child.once('exit', code =>
        reject(new Error(`mount exited with ${code} before it was ready:\n${this.#output}`)),
      );
    });
  }
}

/** The command line that runs a command as another user than root. */
export function asUser(uid: number | undefined, command: string, args: readonly string[]): [string, readonly string[]] {
  if (uid === undefined) return [command, args];
  return ['setpriv', [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', command, ...args]];
}

/** Reads the mount table only, so it cannot hang. */
export function isMounted(mountpoint: string): boolean {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .some(line => line.split(' ')[1] === mountpoint);
}

function spawnMount(options: MountProcessOptions): ChildProcess {
  const args = [
    'mount',
    ...(options.sources ?? []),
    '--data-dir',
    options.dataDir,
    ...(options.args ?? []),
    options.mountpoint,
  ];
  return spawn(PROGRAM, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
}
