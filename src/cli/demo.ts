import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { makeSample, type SampleFile } from '../demo/sample.ts';
import { bytesInWords } from '../observe/words.ts';
import { timeoutSignal } from '../util/timeout-signal.ts';
import { Child } from './child.ts';
import type { CliContext } from './context.ts';
import { CommandError } from './errors.ts';
import { formatSpeed } from './render/quantity.ts';
import { StopRequests } from './stop-requests.ts';
import { unmount } from './unmount.ts';

/** Ten times what it takes on a slow machine. */
const timeoutMs = 90_000;
const torrentName = 'torrent-fuse demo';

/** Makes, seeds, mounts, reads, verifies, unmounts, and leaves nothing behind. @throws CommandError at the step that fails */
export async function runDemo(context: CliContext): Promise<void> {
  const stop = new StopRequests(['SIGINT', 'SIGTERM']);
  const signal = AbortSignal.any([stop.inOrder, timeoutSignal(timeoutMs)]);
  const folder = await mkdtemp(join(tmpdir(), 'torrent-fuse-demo-'));
  try {
    await new Demo(folder, context, signal).run();
  } catch (error) {
    if (stop.inOrder.aborted) throw new CommandError('the demo was interrupted; nothing is left of it');
    if (signal.aborted)
      throw new CommandError(`the demo did not end within ${timeoutMs / 1000} s; try 'torrent-fuse doctor'`);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
    stop.release();
  }
}

class Demo {
  readonly #folder: string;
  readonly #context: CliContext;
  readonly #signal: AbortSignal;
  readonly #children: Child[] = [];
  #step = 0;

  constructor(folder: string, context: CliContext, signal: AbortSignal) {
    this.#folder = folder;
    this.#context = context;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    try {
      const source = join(this.#folder, 'seed', torrentName);
      const files = await makeSample(source);
      this.#say(`made a sample of ${files.length} files, ${bytesInWords(totalOf(files))}`);
      const { torrent, port } = await this.#seed(source);
      this.#say(`seeding it at 127.0.0.1:${port}`);
      const mountpoint = await this.#mount(torrent, port);
      this.#say(`mounted it at ${mountpoint}`);
      const elapsedMs = await this.#verify(join(mountpoint, torrentName), files);
      this.#say(
        `read it through the mount, ${formatSpeed((totalOf(files) * 1000) / elapsedMs)}; every SHA-256 is right`,
      );
      await unmount(mountpoint, { force: false });
      this.#say('unmounted');
      const { out } = this.#context;
      out.line(
        `${out.style.green('The demo passed.')} Mount a torrent of your own: torrent-fuse mount SOURCE... MOUNTPOINT`,
      );
    } finally {
      // The mount first: it would look for its seeder for a while.
      for (const child of this.#children.toReversed()) await child.end();
    }
  }

  async #seed(source: string): Promise<{ torrent: string; port: number }> {
    const seeder = this.#start('the seeder', [programPath('../demo/seeder.js'), source]);
    const ready = z.object({ port: z.number(), torrent: z.string() }).parse(JSON.parse(await seeder.line('')));
    const torrent = join(this.#folder, 'demo.torrent');
    await writeFile(torrent, Buffer.from(ready.torrent, 'base64'));
    return { torrent, port: ready.port };
  }

  async #mount(torrent: string, port: number): Promise<string> {
    const mountpoint = join(this.#folder, 'mnt');
    await mkdir(mountpoint);
    // The caller's configuration is not what is shown here.
    const config = join(this.#folder, 'demo.toml');
    await writeFile(config, '');
    const options = [
      `--config=${config}`,
      `--data-dir=${join(this.#folder, 'data')}`,
      '--engine=embedded',
      '--listen-host=127.0.0.1',
      `--peer=127.0.0.1:${port}`,
      ...['--no-dht', '--no-trackers', '--no-lsd'],
      '--log-level=warn',
    ];
    const mount = this.#start('the mount', [this.#context.script, 'mount', ...options, torrent, mountpoint]);
    await mount.line('ready: ');
    return mountpoint;
  }

  async #verify(folder: string, files: readonly SampleFile[]): Promise<number> {
    const start = performance.now();
    const reader = this.#start('reading', [programPath('../demo/hash-files.js'), folder]);
    const output: unknown = JSON.parse(await reader.output());
    const elapsedMs = performance.now() - start;
    const found = new Map(fileHashes.parse(output).map(({ path, sha256 }) => [path, sha256]));
    for (const { path, sha256 } of files) {
      if (!found.has(path)) throw new CommandError(`${path} of the sample is not in the mount`);
      if (found.get(path) !== sha256)
        throw new CommandError(`${path} has wrong bytes in the mount: please report this`);
    }
    return elapsedMs;
  }

  #start(name: string, args: readonly string[]): Child {
    this.#signal.throwIfAborted();
    const child = new Child(name, args, { environment: cleanEnvironment(this.#context), signal: this.#signal });
    this.#children.push(child);
    return child;
  }

  #say(what: string): void {
    const { out } = this.#context;
    out.line(`${out.style.dim(`${++this.#step}/5`)} ${what}`);
  }
}

const fileHashes = z.array(z.object({ path: z.string(), sha256: z.string() }));

function programPath(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

function totalOf(files: readonly SampleFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The caller's environment without options of ours. */
function cleanEnvironment({ environment }: CliContext): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TORRENT_FUSE_')));
}
