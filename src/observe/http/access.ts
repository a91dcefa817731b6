import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type AccessToken, logoutCookie } from './access-token.ts';
import { HttpError } from './http-error.ts';
import { parseToken } from './parameters.ts';
import { type RequestFacts, refusalOf } from './request-guard.ts';

export interface AccessOptions {
  readonly listenHost: string;
  /** Undefined on loopback, where none is needed. */
  readonly token: AccessToken | undefined;
  /** What anyone may see: the page itself, which holds no data. */
  readonly openPaths: ReadonlySet<string>;
}

/** More at once are told to come back: answering takes turns with the replies to the kernel. */
const maxInFlight = 64;

/** Decides, before anything of a request is read, whether it comes in; and the routes to log in and out. */
export function addAccess(server: FastifyInstance, { listenHost, token, openPaths }: AccessOptions): void {
  let inFlight = 0;

  server.addHook('onRequest', async (request, reply) => {
    const facts = factsOf(request);
    const refusal = refusalOf(facts, { listenHost });
    if (refusal) {
      // The rest of what it sends is not read either.
      reply.header('connection', 'close');
      throw new HttpError(refusal.status, refusal.message);
    }
    if (token && !openPaths.has(facts.path) && !token.admits(request.headers, Date.now())) {
      reply.header('www-authenticate', 'Bearer realm="torrent-fuse"').header('connection', 'close');
      throw new HttpError(401, 'a token is needed: send it as Authorization: Bearer, or log in');
    }
    if (inFlight >= maxInFlight) {
      reply.header('retry-after', '1').header('connection', 'close');
      throw new HttpError(503, 'too many requests at once');
    }
    inFlight++;
    reply.raw.once('close', () => {
      inFlight--;
    });
  });

  server.post('/api/login', async (request, reply) => {
    if (token && !token.matches(parseToken(request.body))) throw new HttpError(401, 'that is not the token');
    if (token) reply.header('set-cookie', token.login(Date.now()));
    return reply.code(204).send();
  });

  server.post('/api/logout', async (_request, reply) => reply.header('set-cookie', logoutCookie()).code(204).send());
}

function factsOf({ method, headers, url }: FastifyRequest): RequestFacts {
  return {
    method,
    path: url.split('?')[0] ?? '',
    host: headers.host,
    origin: headers.origin,
    fetchSite: one(headers['sec-fetch-site']),
    fetchMode: one(headers['sec-fetch-mode']),
    contentType: headers['content-type'],
    contentLength: headers['content-length'],
    transferEncoding: headers['transfer-encoding'],
  };
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
