import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { isMounted } from '../harness/mount-process.ts';
import { run } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

const SERVE = fileURLToPath(new URL('./program/serve.mjs', import.meta.url));

interface TestMountOptions {
  /** Another user than root. */
  readonly uid?: number;
  /** What the file `backed` is read from. */
  readonly backingFile?: string;
  /** Another module than fast-lane.mjs. */
  readonly fastLane?: string;
  /** Instead of a new folder. */
  readonly mountpoint?: string;
}

interface StuckReader {
  readonly process: ChildProcess;
  readonly exited: Promise<unknown>;
}

/** `program/serve.mjs` in a child process, taken down when the test is over. */
export class TestMount {
  readonly mountpoint: string;
  readonly process: ChildProcessWithoutNullStreams;
  readonly exited: Promise<unknown>;
  #output = '';
  #onOutput = () => {};

  private constructor(mountpoint: string, child: ChildProcessWithoutNullStreams) {
    this.mountpoint = mountpoint;
    this.process = child;
    this.exited = once(child, 'close');
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        this.#output += chunk;
        this.#onOutput();
      });
    }
  }

  /** Resolves once it is mounted, or has said why not. */
  static async start(options: TestMountOptions = {}): Promise<TestMount> {
    const mount = new TestMount(...(await spawnServer(options)));
    onTestFinished(() => mount.#destroy());
    await mount.says(/^(ready|failed) .*$/m);
    return mount;
  }

  get output(): string {
    return this.#output;
  }

  get devMinor(): number {
    return Number(/^ready .* minor (\d+)$/m.exec(this.#output)?.[1]);
  }

  path(name: string): string {
    return join(this.mountpoint, name);
  }

  /** Waits for a line of output. */
  async says(line: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#onOutput = () => line.test(this.#output) && resolve();
      this.exited.then(() => reject(new Error(`ended without saying ${line}:\n${this.#output}`)));
      this.#onOutput();
    });
  }

  /** A process that waits for a read that is not answered; it is killed when the test is over. */
  async stuckReader(uid?: number): Promise<StuckReader> {
    const reader = spawn('cat', [this.path('stuck')], uid === undefined ? {} : { uid, gid: uid });
    const exited = once(reader, 'exit');
    onTestFinished(() => void reader.kill('SIGKILL'));
    await this.says(/^waiting$/m);
    return { process: reader, exited };
  }

  command(line: string): void {
    this.process.stdin.write(`${line}\n`);
  }

  isMounted(): boolean {
    return isMounted(this.mountpoint);
  }

  async #destroy(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
    while (this.isMounted()) await run('umount', ['-l', this.mountpoint]);
  }
}

async function spawnServer(options: TestMountOptions): Promise<[string, ChildProcessWithoutNullStreams]> {
  const { uid } = options;
  const mountpoint = options.mountpoint ?? (await newMountpoint(uid));
  const args = [SERVE, mountpoint, ...(options.backingFile ? [options.backingFile] : [])];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...(options.fastLane && { FAST_LANE: options.fastLane }) },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return [mountpoint, child];
}

async function newMountpoint(uid = 0): Promise<string> {
  const mountpoint = join(await scratchFolder(), 'mnt');
  await mkdir(mountpoint);
  await chown(mountpoint, uid, uid);
  return mountpoint;
}
