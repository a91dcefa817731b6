import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { reservedPort } from './reserved-port.ts';

export interface RqbitServerOptions {
  /** Of `--max-blocking-threads`; rqbit's own default when left out. */
  readonly blockingThreads?: number;
  /** Whether it remembers its torrents when it is started again. */
  readonly persistence?: boolean;
  readonly userpass?: string;
  readonly maxUploadBytes?: number;
  /** The user that it runs as; the caller's when left out. */
  readonly uid?: number;
}

/** A real rqbit server on loopback that meets no peers but those it is told of. */
export class RqbitServer {
  readonly url: URL;
  readonly folder: string;
  readonly #options: RqbitServerOptions;
  readonly #peerPort: number;
  #process: ChildProcess | undefined;
  #output = '';

  private constructor(parts: { folder: string; httpPort: number; peerPort: number }, options: RqbitServerOptions) {
    this.folder = parts.folder;
    this.url = new URL(`http://127.0.0.1:${parts.httpPort}/`);
    this.#peerPort = parts.peerPort;
    this.#options = options;
  }

  /** Runs until the test is over. */
  static async start(options: RqbitServerOptions = {}): Promise<RqbitServer> {
    const server = await RqbitServer.startUnmanaged(options);
    onTestFinished(() => server.destroy());
    return server;
  }

  /** The same for a whole file of tests: the caller calls {@link destroy}. */
  static async startUnmanaged(options: RqbitServerOptions = {}): Promise<RqbitServer> {
    const folder = await mkdtemp(join(tmpdir(), 'rqbit-'));
    const server = new RqbitServer({ folder, httpPort: await reservedPort(), peerPort: await reservedPort() }, options);
    await server.launch();
    return server;
  }

  get downloads(): string {
    return join(this.folder, 'downloads');
  }

  get output(): string {
    return this.#output;
  }

  /** Starts it, again after {@link kill}, at the same address and over the same data. Resolves when it answers. */
  async launch(): Promise<void> {
    const { userpass, blockingThreads, maxUploadBytes, persistence = false, uid } = this.#options;
    const child = spawn(
      rqbitBinary(),
      [
        ...['--http-api-listen-addr', this.url.host, '--listen-ip', '127.0.0.1', '--listen-port', `${this.#peerPort}`],
        ...['--ipv4-only', '--disable-dht', '--disable-trackers', '--disable-lsd', '--disable-upnp-port-forward'],
        ...(blockingThreads === undefined ? [] : ['--max-blocking-threads', `${blockingThreads}`]),
        ...(maxUploadBytes === undefined ? [] : ['--http-api-max-upload-size', `${maxUploadBytes}`]),
        ...['server', 'start'],
        ...(persistence ? ['--persistence-location', join(this.folder, 'session')] : ['--disable-persistence']),
        this.downloads,
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          NO_COLOR: '1',
          XDG_DATA_HOME: join(this.folder, 'data'),
          XDG_CACHE_HOME: join(this.folder, 'cache'),
          ...(userpass === undefined ? {} : { RQBIT_HTTP_BASIC_AUTH_USERPASS: userpass }),
        },
        ...(uid === undefined ? {} : { uid, gid: uid }),
      },
    );
    this.#process = child;
    const started = new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', line => {
          this.#output += `${line}\n`;
          if (line.includes('started HTTP API at')) resolve();
        });
      }
      child.once('error', reject);
      child.once('exit', code => reject(new Error(`rqbit ended with ${code}:\n${this.#output}`)));
    });
    await started;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async destroy(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** `TORRENT_FUSE_TEST_RQBIT`, else what `scripts/install-rqbit.sh` built, else the one on the PATH. */
export function rqbitBinary(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const candidates = [
    process.env['TORRENT_FUSE_TEST_RQBIT'],
    join(cache, 'torrent-fuse/rqbit-9.0.1/bin/rqbit'),
    ...(process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, 'rqbit')),
  ];
  const found = candidates.find(candidate => candidate !== undefined && isProgram(candidate));
  if (found === undefined) throw new Error('no rqbit to test with; scripts/install-rqbit.sh builds one');
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
