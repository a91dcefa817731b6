import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { abortable, sleep } from '../../util/abortable.ts';
import { Backoff } from '../../util/backoff.ts';
import type { Logger } from '../../util/logger.ts';
import type { WaitOptions } from '../engine.ts';
import { EngineError } from '../errors.ts';
import { type ManagedNetwork, pidFileOf, RqbitProcess, sessionFolderOf } from './rqbit-process.ts';
import type { RqbitCredentials } from './transport.ts';

export interface ManagedRqbitOptions {
  /** A path, or a name to be found on the PATH. */
  readonly binary: string;
  /** Owned by this server alone; made when it is missing. */
  readonly folder: string;
  /** Port 0 is any free one. */
  readonly network: Omit<ManagedNetwork, 'ipv6'>;
}

interface ManagedRqbitComponents {
  readonly logger: Logger;
  /** Resolves when the server at this address answers; rejects when it never will. */
  readonly whenReady: (url: URL, options: WaitOptions) => Promise<void>;
  /** It died, was started anew, and answers again. */
  readonly onRestarted: () => void;
}

/**
 * An rqbit server of our own: started with a mount, started again whenever it dies, and gone with the mount, however that
 * ends. Only who knows its password, made anew each time, can talk to it.
 */
export class ManagedRqbit {
  readonly credentials: RqbitCredentials = { user: 'torrent-fuse', password: randomBytes(24).toString('base64url') };
  readonly #options: ManagedRqbitOptions;
  readonly #components: ManagedRqbitComponents;
  readonly #stopping = new AbortController();
  #process: RqbitProcess | undefined;
  #binary = '';
  #ports: Ports | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ManagedRqbitOptions, components: ManagedRqbitComponents) {
    this.#options = options;
    this.#components = components;
  }

  /**
   * Resolves once it answers.
   *
   * @throws EngineError `unavailable` when there is no such program, or it ends again and again
   */
  async start({ signal }: WaitOptions): Promise<void> {
    const { folder, binary } = this.#options;
    this.#binary = await findProgram(binary);
    await mkdir(join(folder, 'downloads'), { recursive: true, mode: 0o700 });
    await mkdir(sessionFolderOf(folder), { recursive: true, mode: 0o700 });
    await endLeftover(folder, signal);
    for (let attempt = 1; ; attempt++) {
      const how = await this.#launch(signal);
      if (how === undefined) break;
      if (attempt < START_ATTEMPTS) continue;
      const message = `rqbit (${this.#binary}) ended before it answered: ${how}; its own log lines say why`;
      throw new EngineError('unavailable', message);
    }
    this.#running = this.#keepRunning();
  }

  /** Resolves when the server is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort(new EngineError('stopped', 'the engine was stopped'));
    await this.#process?.stop();
    await this.#running;
  }

  /** Starts a process and waits until it answers. @returns how it ended, if it did instead */
  async #launch(signal: AbortSignal): Promise<string | undefined> {
    // Those that it had before, unless they were the trouble.
    this.#ports ??= await this.#freePorts();
    const { http: httpPort, peers: listenPort } = this.#ports;
    const network = { ...this.#options.network, listenPort, ipv6: hasIpv6() };
    const { folder } = this.#options;
    const started = new RqbitProcess(
      { binary: this.#binary, folder, httpPort, credentials: this.credentials, network },
      this.#components.logger,
    );
    this.#process = started;
    const waiting = new AbortController();
    const outcome = Promise.race([started.ended, this.#components.whenReady(this.#url, waiting)]);
    try {
      const how = await abortable(outcome, signal);
      if (how !== undefined) this.#ports = undefined;
      return how ?? undefined;
    } catch (error) {
      await started.stop();
      throw error;
    } finally {
      waiting.abort(new EngineError('stopped', 'nobody waits any more'));
    }
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopping;
    const { logger, onRestarted } = this.#components;
    const backoff = new Backoff({ initialMs: 250, maxMs: 30_000 });
    for (;;) {
      const startedAt = performance.now();
      const how = await this.#process?.ended;
      if (signal.aborted) return;
      if (performance.now() - startedAt > HEALTHY_MS) backoff.reset();
      logger.warn({ how }, 'rqbit ended by itself and is started again');
      try {
        await sleep(backoff.nextMs(), signal);
        if ((await this.#launch(signal)) === undefined) onRestarted();
      } catch (error) {
        if (signal.aborted) return;
        logger.error({ error }, 'rqbit could not be started again; it is tried later');
      }
    }
  }

  get #url(): URL {
    return new URL(`http://127.0.0.1:${this.#ports?.http ?? 0}/`);
  }

  async #freePorts(): Promise<Ports> {
    const { listenPort, listenHost } = this.#options.network;
    const http = await freePort('127.0.0.1');
    // rqbit takes 0 for its own default port, which another server may have.
    return { http, peers: listenPort === 0 ? await freePort(listenHost ?? '0.0.0.0') : listenPort };
  }
}

/** A free port may be taken by another before rqbit has it, which is told by its end. */
const START_ATTEMPTS = 3;
/** Whoever ran so long did not die of how it was started. */
const HEALTHY_MS = 60_000;

interface Ports {
  readonly http: number;
  readonly peers: number;
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has an address');
  return address.port;
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some(addresses => addresses?.some(({ family }) => family === 'IPv6'));
}

async function findProgram(binary: string): Promise<string> {
  const isPath = binary.includes('/');
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const candidates = isPath ? [resolve(binary)] : folders.map(folder => join(folder, binary));
  for (const candidate of candidates) {
    const isProgram = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return candidate;
  }
  const where = isPath ? 'is no program' : 'is not on the PATH';
  const advice = "install it with 'cargo install rqbit', name it with --rqbit-binary, or use --engine embedded";
  throw new EngineError('unavailable', `${binary} ${where}; ${advice}`);
}

/** The server of a mount that was killed may take seconds to end, and must not meet the next one over the same session. */
async function endLeftover(folder: string, signal: AbortSignal): Promise<void> {
  const pid = Number(await readFile(pidFileOf(folder), 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1) return;
  for (let waitedMs = 0; await isOurServer(pid, folder); waitedMs += LEFTOVER_POLL_MS) {
    if (waitedMs >= LEFTOVER_MS) process.kill(pid, 'SIGKILL');
    await sleep(LEFTOVER_POLL_MS, signal);
  }
}

const LEFTOVER_POLL_MS = 100;
/** Its supervisor kills it after eight. */
const LEFTOVER_MS = 10_000;

async function isOurServer(pid: number, folder: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(sessionFolderOf(folder));
}
