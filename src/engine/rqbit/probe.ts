import { readFile } from 'node:fs/promises';
import { messageOf } from '../../util/error-facts.ts';
import type { WaitOptions } from '../engine.ts';
import { RqbitClient } from './client.ts';
import { type ListeningSocket, parseListeningSockets } from './listening-sockets.ts';
import { isSupportedVersion } from './version.ts';

/** What a search for an rqbit server on this machine came to, with a reason for people. */
export type ProbeResult =
  | { readonly found: true; readonly url: URL; readonly reason: string }
  | { readonly found: false; readonly reason: string };

export interface ProbeOptions extends WaitOptions {
  /** User id of the caller. */
  readonly uid: number;
  /** rqbit's own default. */
  readonly port?: number;
  /** The texts of `/proc/net/tcp` and `tcp6`. */
  readonly readTables?: () => Promise<readonly string[]>;
  /** What each step of the question may take. */
  readonly timeoutMs?: number;
}

/** Whoever waits for the mount to start should not notice. */
const TIMEOUT_MS = 1000;

/**
 * Looks for an rqbit ≥ 9.0.0 at 127.0.0.1:3030. Whatever listens there is talked to only if its socket belongs to root or to
 * the caller: any user of the machine could have put a server there, and would be asked to fetch our torrents.
 */
export async function probeLocalRqbit(options: ProbeOptions): Promise<ProbeResult> {
  const { uid, port = 3030, signal, timeoutMs = TIMEOUT_MS } = options;
  const sockets = (await (options.readTables ?? readTables)()).flatMap(parseListeningSockets);
  const listening = sockets.filter(socket => socket.port === port && isReachedByLoopback(socket));
  if (listening.length === 0) return { found: false, reason: `nothing listens on 127.0.0.1:${port}` };
  const stranger = listening.find(socket => socket.uid !== 0 && socket.uid !== uid);
  if (stranger !== undefined) {
    return { found: false, reason: `what listens on 127.0.0.1:${port} belongs to another user (uid ${stranger.uid})` };
  }
  return askVersion(new URL(`http://127.0.0.1:${port}/`), timeoutMs, signal);
}

function isReachedByLoopback({ address }: ListeningSocket): boolean {
  return ['127.0.0.1', '0.0.0.0', '::'].includes(address);
}

async function askVersion(url: URL, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult> {
  const timeouts = { connectMs: timeoutMs, headersMs: timeoutMs, bodyMs: timeoutMs };
  const client = new RqbitClient({ url, credentials: undefined, timeouts });
  try {
    const version = await client.version({ signal });
    const found = isSupportedVersion(version);
    return found
      ? { found, url, reason: `rqbit ${version} answers at ${url.host}` }
      : { found, reason: `the rqbit at ${url.host} is older than 9.0.0` };
  } catch (error) {
    signal.throwIfAborted();
    const message = messageOf(error);
    return { found: false, reason: `no usable rqbit there: ${message}` };
  } finally {
    await client.close();
  }
}

async function readTables(): Promise<readonly string[]> {
  const read = (path: string) => readFile(path, 'latin1').catch(() => '');
  return Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(read));
}
