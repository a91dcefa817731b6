import { fileURLToPath } from 'node:url';
import fastify, { type FastifyInstance } from 'fastify';
import { messageOf } from '../../util/error-facts.ts';
import type { Logger } from '../../util/logger.ts';
import { addAccess } from './access.ts';
import { AccessToken } from './access-token.ts';
import { addChangeRoutes } from './change-routes.ts';
import { EventStream } from './event-stream.ts';
import { addHealthRoutes } from './health-routes.ts';
import { answerTo } from './http-error.ts';
import { checkListenAddress, HttpListenError, type ListenAddress } from './listen-address.ts';
import { LiveStatus } from './live-status.ts';
import type { MountView } from './mount-view.ts';
import { parseWatchedFile } from './parameters.ts';
import { maxBodyBytes } from './request-guard.ts';
import { securityHeaders } from './security-headers.ts';
import { loadStaticFiles, type StaticFile } from './static-files.ts';
import { addStatusRoutes } from './status-routes.ts';

export interface HttpServerOptions {
  readonly listen: ListenAddress;
  /** Whoever is asked for it may do all that the page can. Needed for any address but loopback. */
  readonly token: string | undefined;
  readonly mount: MountView;
  readonly logger: Logger;
  /** Folder of the page; the one that is shipped by default. */
  readonly dashboard?: string;
}

export interface HttpServer {
  /** With the port that was taken. */
  readonly url: string;
  /** Ends every connection and resolves when nothing listens any more. Idempotent. */
  stop(): Promise<void>;
}

const tickMs = 1000;
/** Descriptors belong to the mount first. */
const maxConnections = 256;

/**
 * Dashboard, API, metrics and health checks of one mount.
 *
 * @throws HttpListenError when the address needs a token that is missing, or cannot be listened on
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  checkListenAddress(options.listen, options.token);
  const pages = await loadStaticFiles(options.dashboard ?? fileURLToPath(new URL('../dashboard', import.meta.url)));
  const stopping = new AbortController();
  const live = new LiveStatus(options.mount, stopping.signal);
  const events = new EventStream(live);
  const server = buildServer(options, { pages, live, events, signal: stopping.signal });
  const url = await listen(server, options.listen);
  const timer = setInterval(() => tick(events, options.logger), tickMs);
  let stopped: Promise<void> | undefined;
  return {
    url,
    stop() {
      stopped ??= (async () => {
        clearInterval(timer);
        stopping.abort();
        events.close();
        await server.close();
      })();
      return stopped;
    },
  };
}

interface ServerParts {
  readonly pages: readonly StaticFile[];
  readonly live: LiveStatus;
  readonly events: EventStream;
  readonly signal: AbortSignal;
}

function buildServer(options: HttpServerOptions, { pages, live, events, signal }: ServerParts): FastifyInstance {
  const { mount, logger, token, listen } = options;
  const server = fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: 60_000, // a .torrent of 64 MiB from a phone takes that long; a client that says nothing does not
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 100 },
  });
  server.server.maxConnections = maxConnections;
  server.addHook('onRequest', async (_request, reply) => void reply.headers(securityHeaders));
  addAccess(server, {
    listenHost: listen.host,
    token: token === undefined ? undefined : new AccessToken(token),
    openPaths: new Set(['/healthz', '/api/login', '/api/logout', ...pages.map(page => page.path)]),
  });
  addHealthRoutes(server, { mount, signal });
  addStatusRoutes(server, { mount, live, signal });
  addChangeRoutes(server, { changes: mount.changes, changed: () => live.changed() });
  addEventRoute(server, events);
  for (const page of pages) addPage(server, page);
  addErrorAnswers(server, logger);
  return server;
}

function addEventRoute(server: FastifyInstance, events: EventStream): void {
  server.get('/api/events', { exposeHeadRoute: false }, (request, reply) => {
    const file = parseWatchedFile(request.query);
    if (events.isFull) {
      reply.code(503).header('retry-after', '5').send({ error: 'too many pages are open' });
      return;
    }
    reply.hijack();
    events.attach(reply.raw, securityHeaders, file);
  });
}

function addPage(server: FastifyInstance, { path, content, contentType, etag }: StaticFile): void {
  server.get(path, async (request, reply) => {
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type(contentType).send(content);
  });
}

/** Every error is JSON with one field. Faults of ours are logged, and not shown. */
function addErrorAnswers(server: FastifyInstance, logger: Logger): void {
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'there is no such page' }));
  server.setErrorHandler((error, request, reply) => {
    const answer = answerTo(error);
    if (answer === undefined)
      logger.error({ error, method: request.method, path: request.url }, 'an HTTP request failed');
    return reply
      .code(answer?.status ?? 500)
      .send({ error: answer?.message ?? 'this failed; see the log of the mount' });
  });
}

async function listen(server: FastifyInstance, { host, port }: ListenAddress): Promise<string> {
  try {
    await server.listen({ host: withoutBrackets(host), port });
  } catch (error) {
    await server.close();
    const reason = messageOf(error);
    throw new HttpListenError(
      'cannot-listen',
      `cannot listen on ${host}:${port}: ${reason}; choose another with --http`,
      {
        cause: error,
      },
    );
  }
  const address = server.server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : port;
  const name = withoutBrackets(host);
  return `http://${name.includes(':') ? `[${name}]` : name}:${taken}`;
}

/** IPv6 addresses stand in brackets before a port, and nowhere else. */
function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

function tick(events: EventStream, logger: Logger): void {
  try {
    events.tick();
  } catch (error) {
    logger.error({ error }, 'the dashboard could not be updated');
  }
}
