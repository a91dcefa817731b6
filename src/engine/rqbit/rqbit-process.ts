import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Logger } from '../../util/logger.ts';
import type { RqbitCredentials } from './transport.ts';

export interface RqbitProcessOptions {
  /** Path of the program. */
  readonly binary: string;
  /** Session, downloads and caches lie below it; made by the caller. */
  readonly folder: string;
  /** On 127.0.0.1. */
  readonly httpPort: number;
  readonly credentials: RqbitCredentials;
  readonly network: ManagedNetwork;
}

/** How the server may find and meet peers. */
export interface ManagedNetwork {
  readonly dht: boolean;
  readonly trackers: boolean;
  readonly lsd: boolean;
  /** TCP, over 0. */
  readonly listenPort: number;
  /** Every address when undefined. */
  readonly listenHost: string | undefined;
  /** Whether this machine speaks IPv6: rqbit cannot listen on it otherwise. */
  readonly ipv6: boolean;
}

/**
 * One run of an rqbit server as a child. Between it and us stands a shell that holds a pipe from us and ends the server when
 * the pipe closes, as it does at the latest when we are killed; a parent-death signal would be bound to one thread of ours.
 */
export class RqbitProcess {
  /** Resolves when the server is gone, with how it ended. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;

  constructor(options: RqbitProcessOptions, logger: Logger) {
    const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'sh', pidFileOf(options.folder), ...commandOf(options)], {
      // A session of its own: Ctrl-C on our terminal is for us, and we stop it in good order.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environmentOf(options),
    });
    this.#child = child;
    child.stdin.on('error', () => {});
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', line => logLine(logger, line));
    }
    this.ended = endOf(child);
  }

  /** Resolves when it is gone: at once on SIGTERM as a rule, killed after eight seconds otherwise. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await this.ended;
  }
}

/** Holds the process id of the server, so that the next mount can see whether the last one's is still about to end. */
export function pidFileOf(folder: string): string {
  return join(folder, 'rqbit.pid');
}

/** What tells our server from any other process that may have got its id. */
export function sessionFolderOf(folder: string): string {
  return join(folder, 'session');
}

/**
 * Arguments: the pid file, then the command. Its output is the server's alone, so the output ends when the server does.
 * rqbit itself gives up on a graceful end after 5 s.
 */
const SUPERVISOR = `
exec 3<&0 </dev/null
pidfile=$1; shift
"$@" 3<&- &
server=$!
echo $server >"$pidfile"
{
  while read -r _ <&3; do :; done
  kill -TERM $server
  sleep 8
  kill -KILL $server
} >/dev/null 2>&1 &
watcher=$!
exec >/dev/null 2>&1
wait $server
status=$?
kill -KILL $watcher
rm -f "$pidfile"
exit $status
`;

/** See `--help` of rqbit 9.0.1; global options come before the command. */
function commandOf({ binary, folder, httpPort, network }: RqbitProcessOptions): string[] {
  return [
    binary,
    ...['--http-api-listen-addr', `127.0.0.1:${httpPort}`],
    // The largest .torrent that we take at all.
    ...['--http-api-max-upload-size', String(64 * 2 ** 20)],
    // Streams hold as many permits as they like without keeping downloaded blocks from the disk.
    ...['--max-blocking-threads', '64'],
    ...['--umask', '077'],
    ...['--listen-port', String(network.listenPort)],
    ...listenArguments(network),
    // A mount for reading opens no door in the router.
    '--disable-upnp-port-forward',
    ...(network.dht ? [] : ['--disable-dht']),
    ...(network.trackers ? [] : ['--disable-trackers']),
    ...(network.lsd ? [] : ['--disable-lsd']),
    ...['server', 'start'],
    // Else a restart hashes everything before it serves anything. What we read from its files is hashed by us anyway.
    '--fastresume',
    ...['--persistence-location', sessionFolderOf(folder)],
    join(folder, 'downloads'),
  ];
}

function listenArguments({ listenHost, ipv6 }: ManagedNetwork): string[] {
  const host = listenHost ?? (ipv6 ? undefined : '0.0.0.0');
  return [...(host === undefined ? [] : ['--listen-ip', host]), ...(ipv6 ? [] : ['--ipv4-only'])];
}

/** Nothing of the caller's that configures another rqbit; the password where only this user and root can see it. */
function environmentOf({ folder, credentials }: RqbitProcessOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(RQBIT_|RUST_|CORS_)/.test(name));
  return {
    ...Object.fromEntries(inherited),
    NO_COLOR: '1',
    RQBIT_HTTP_BASIC_AUTH_USERPASS: `${credentials.user}:${credentials.password}`,
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_CONFIG_HOME: join(folder, 'config'),
  };
}

async function endOf(child: ChildProcess): Promise<string> {
  const failure = once(child, 'error').then(([error]) => `it could not be started: ${error}`);
  // Not `exit`, which is the shell's: the server may outlive it for a moment.
  const end = once(child, 'close').then(([code, signal]) =>
    signal === null ? `exit code ${code}` : `signal ${signal}`,
  );
  const how = await Promise.race([failure, end]);
  child.stdin?.destroy();
  return how;
}

/** `2026-01-02T03:04:05.678901Z  INFO librqbit::session: text` */
function logLine(logger: Logger, line: string): void {
  const match = /^\S+Z\s+(TRACE|DEBUG|INFO|WARN|ERROR)\s+(.*)$/.exec(line);
  const [, level = 'INFO', text = line] = match ?? [];
  const fields = { line: text };
  // It calls every answer over 499 an error, and that is its answer to many an honest question.
  if (level === 'TRACE' || level === 'DEBUG' || text.startsWith('tower_http')) logger.debug(fields, 'rqbit says');
  else if (level === 'WARN') logger.warn(fields, 'rqbit says');
  else if (level === 'ERROR') logger.error(fields, 'rqbit says');
  else logger.info(fields, 'rqbit says');
}
