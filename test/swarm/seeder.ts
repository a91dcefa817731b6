import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type MadeTorrent, writePayload } from '../fixtures/make-torrent.ts';
import { reservedPort } from './reserved-port.ts';

export interface SeederOptions {
  readonly torrents: readonly MadeTorrent[];
  /** Where the payloads lie; made from the torrents when it is left out. */
  readonly payloadDir?: string;
  /** Not the address of the client, or a client that hears of itself loses the seeder. */
  readonly host?: string;
  readonly port?: number;
  /** Bytes per second of upload; unlimited when left out. */
  readonly rate?: number;
}

export interface SeederStats {
  /** Payload bytes sent since it started. */
  readonly uploadedBytes: number;
  readonly peers: number;
}

/** A real BitTorrent client (libtorrent) that seeds on loopback; ends with the test. */
export class Seeder {
  /** `host:port`, for `x.pe` and `--peer`. */
  readonly address: string;
  readonly #options: SeederOptions;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #folder: string;

  private constructor(parts: { address: string; options: SeederOptions; folder: string } & Running) {
    this.address = parts.address;
    this.#options = parts.options;
    this.#folder = parts.folder;
    this.#process = parts.process;
    this.#lines = parts.lines;
  }

  /** Seeds until the test is over. */
  static async start(options: SeederOptions): Promise<Seeder> {
    const seeder = await Seeder.startUnmanaged(options);
    onTestFinished(() => seeder.stop());
    return seeder;
  }

  /** The same for a whole file of tests: the caller calls {@link stop}. */
  static async startUnmanaged(options: SeederOptions): Promise<Seeder> {
    const folder = await mkdtemp(join(tmpdir(), 'seeder-'));
    const payload = options.payloadDir ?? join(folder, 'payload');
    const running = launch();
    try {
      const torrents = await Promise.all(
        options.torrents.map(async (torrent, index) => {
          if (options.payloadDir === undefined) writePayload(torrent, join(payload, String(index)));
          const path = join(folder, `${index}.torrent`);
          await writeFile(path, torrent.bytes);
          return { torrent: path, payload: options.payloadDir ?? join(payload, String(index)) };
        }),
      );
      const host = options.host ?? '127.0.0.2';
      const { port = await reservedPort(), rate = 0 } = options; // free until it is back, whenever it is killed
      const answer = await ask(running, { torrents, host, port, rate });
      return new Seeder({ address: `${host}:${Number(answer['port'])}`, options, folder, ...running });
    } catch (error) {
      await kill(running.process);
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stats(): Promise<SeederStats> {
    return this.#do('stats');
  }

  async pause(): Promise<void> {
    await this.#do('pause');
  }

  async resume(): Promise<void> {
    await this.#do('resume');
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Gone without a word, as when the machine is switched off; {@link again} brings it back. */
  async kill(): Promise<void> {
    await kill(this.#process);
  }

  /** A new process at the same address. */
  async again(changes: Partial<SeederOptions> = {}): Promise<Seeder> {
    const port = Number(this.address.slice(this.address.lastIndexOf(':') + 1));
    return Seeder.start({ ...this.#options, ...changes, port });
  }

  async stop(): Promise<void> {
    await kill(this.#process);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #do(command: string): Promise<SeederStats> {
    const { uploadedBytes, peers } = await ask({ process: this.#process, lines: this.#lines }, { do: command });
    return { uploadedBytes: Number(uploadedBytes), peers: Number(peers) };
  }
}

interface Running {
  readonly process: ChildProcess;
  readonly lines: AsyncIterator<string>;
}

function launch(): Running {
  const script = fileURLToPath(new URL('seeder.py', import.meta.url));
  // Debian's libtorrent belongs to Debian's Python, whatever else is on the PATH.
  const process = spawn('/usr/bin/python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  process.on('error', () => {}); // told by the first answer that does not come
  process.stdin.on('error', () => {});
  const lines: Interface = createInterface({ input: process.stdout });
  return { process, lines: lines[Symbol.asyncIterator]() };
}

async function ask(running: Running, request: object): Promise<Readonly<Record<string, unknown>>> {
  running.process.stdin?.write(`${JSON.stringify(request)}\n`);
  const { value, done } = await running.lines.next();
  if (done === true) throw new Error('the seeder ended; is python3-libtorrent installed?');
  const answer: unknown = JSON.parse(value);
  if (typeof answer !== 'object' || answer === null) throw new Error(`the seeder said ${value}`);
  return { ...answer };
}

async function kill(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const gone = once(process, 'exit');
  process.kill('SIGKILL');
  await gone;
}
