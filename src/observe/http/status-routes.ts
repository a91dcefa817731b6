import type { FastifyInstance } from 'fastify';
import { explanationJson } from '../explain-json.ts';
import { explanationFacts, explanationText } from '../explain-text.ts';
import { HttpError } from './http-error.ts';
import type { LiveStatus } from './live-status.ts';
import type { MountView } from './mount-view.ts';
import { parseExplainedPath, parseFileKey, parseInfoHash, parsePage } from './parameters.ts';
import { filesJson, piecesJson } from './status-json.ts';

export interface StatusRouteOptions {
  readonly mount: MountView;
  readonly live: LiveStatus;
  /** Fires when the server stops. */
  readonly signal: AbortSignal;
}

/** The half of the API that only looks. */
export function addStatusRoutes(server: FastifyInstance, options: StatusRouteOptions): void {
  const { mount, live, signal } = options;

  server.get('/api/status', async (_request, reply) => reply.type('application/json').send(live.statusText()));

  server.get('/api/torrents/:infoHash/files', async request => {
    const { offset, limit } = parsePage(request.query);
    const files = await mount.files(parseInfoHash(request.params), signal);
    if (files === undefined) throw new HttpError(404, 'there is no such torrent');
    return filesJson(files, offset, limit);
  });

  server.get('/api/files/:infoHash/:fileIndex', async request => {
    const pieces = await mount.pieces(parseFileKey(request.params), signal);
    if (pieces === undefined) throw new HttpError(404, 'there is no such file');
    return piecesJson(pieces, live.snapshot());
  });

  server.get('/api/explain', async request => {
    const explanation = await mount.explain(parseExplainedPath(request.query), signal);
    if (explanation === undefined) throw new HttpError(404, 'there is no such path');
    const facts = explanationFacts(explanation).map(([label, text]) => ({ label, text }));
    return { ...explanationJson(explanation), text: explanationText(explanation), facts };
  });
}
