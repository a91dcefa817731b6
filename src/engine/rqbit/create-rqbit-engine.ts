import { systemClock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { Engine } from '../engine.ts';
import { EngineError } from '../errors.ts';
import type { MayFetch } from '../fetch-metainfo.ts';
import { RqbitClient } from './client.ts';
import { ManagedRqbit, type ManagedRqbitOptions } from './managed-rqbit.ts';
import { RqbitEngine } from './rqbit-engine.ts';
import type { RqbitCredentials } from './transport.ts';
import { assertSupportedVersion } from './version.ts';

export interface RqbitEngineOptions {
  readonly server: ExternalServer | ManagedServer;
  /** Downloads of what is added wait until it is read. */
  readonly onDemand: boolean;
  /** HTTP streams open at once; leave rqbit two of its `--max-blocking-threads` at least. */
  readonly maxStreams: number;
  /** Dialled for every torrent, `host:port`. */
  readonly peers: readonly string[];
}

export interface ExternalServer {
  readonly kind: 'external';
  /** Without user and password. */
  readonly url: URL;
  readonly credentials: RqbitCredentials | undefined;
}

export type ManagedServer = { readonly kind: 'managed' } & ManagedRqbitOptions;

export interface RqbitEngineParts {
  readonly logger: Logger;
  /** Whether a .torrent may be fetched from there; asked for each address that is dialled, redirects included. */
  readonly mayFetch: MayFetch;
  /** Ends the waiting for the server, not the engine. */
  readonly signal: AbortSignal;
}

/**
 * Connects to an rqbit server, waiting for it as long as the signal lets it, or starts one of our own.
 *
 * @throws EngineError `protocol` for what is no rqbit ≥ 9.0.0, `unauthorized`, `unavailable` when our own does not start;
 * the signal's reason
 */
export async function createRqbitEngine(options: RqbitEngineOptions, parts: RqbitEngineParts): Promise<Engine> {
  const { server } = options;
  return server.kind === 'external' ? connect(server, options, parts) : manage(server, options, parts);
}

async function connect(server: ExternalServer, options: RqbitEngineOptions, parts: RqbitEngineParts): Promise<Engine> {
  const client = newClient(server, parts);
  try {
    const version = await waitFor(client, parts);
    const description = `rqbit ${version} at ${server.url.origin}`;
    return newEngine({ client, description, release: () => client.close() }, options, parts);
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function manage(server: ManagedServer, options: RqbitEngineOptions, parts: RqbitEngineParts): Promise<Engine> {
  let client: RqbitClient | undefined;
  let engine: RqbitEngine | undefined;
  let version = '';
  const managed = new ManagedRqbit(server, {
    logger: parts.logger.child({ part: 'rqbit' }),
    whenReady: async (url, { signal }) => {
      // The connections to the last server are of no use any more.
      if (client === undefined) client = newClient({ url, credentials: managed.credentials }, parts);
      else await client.retarget(url);
      version = await client.waitForServer({ signal });
    },
    onRestarted: () => engine?.noteServerRestarted(),
  });
  const release = async () => {
    await client?.close();
    await managed.stop();
  };
  try {
    await managed.start(parts);
    if (client === undefined) throw new Error('a server that is ready was waited for');
    assertSupportedVersion('the rqbit on this machine', version);
    engine = newEngine({ client, description: `rqbit ${version}, run by this mount`, release }, options, parts);
    return engine;
  } catch (error) {
    await release();
    throw error;
  }
}

function newClient(
  server: Pick<ExternalServer, 'url' | 'credentials'>,
  { logger }: Pick<RqbitEngineParts, 'logger'>,
): RqbitClient {
  if (server.url.username !== '' || server.url.password !== '') {
    const advice = 'set the user and password in the environment or a file, not in the URL';
    throw new EngineError('unauthorized', `rqbit at ${server.url.host}: ${advice}`);
  }
  return new RqbitClient({ url: server.url, credentials: server.credentials }, logger);
}

async function waitFor(client: RqbitClient, { logger, signal }: RqbitEngineParts): Promise<string> {
  let isTold = false;
  const version = await client.waitForServer({ signal }, error => {
    if (!isTold) logger.warn({ error }, 'rqbit does not answer yet; waiting for it');
    isTold = true;
  });
  assertSupportedVersion(client.server, version);
  return version;
}

interface Connected {
  readonly client: RqbitClient;
  readonly description: string;
  /** Called once, when the engine has stopped. */
  readonly release: () => Promise<void>;
}

function newEngine(connected: Connected, options: RqbitEngineOptions, parts: RqbitEngineParts): RqbitEngine {
  const { maxStreams, onDemand, peers } = options;
  // A third of the streams stays free of those that wait in vain, and one at least.
  const maxStalled = Math.max(1, Math.floor((maxStreams * 2) / 3));
  return new RqbitEngine(
    { ...connected, logger: parts.logger, clock: systemClock, mayFetch: parts.mayFetch },
    {
      description: connected.description,
      onDemand,
      peers,
      streams: { staysOpen: onDemand, budget: { maxStreams, maxStalled } },
    },
  );
}
