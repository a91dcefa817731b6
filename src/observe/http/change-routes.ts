import type { FastifyInstance } from 'fastify';
import { HttpError } from './http-error.ts';
import type { MountChanges } from './mount-view.ts';
import { parseInfoHash, parseSource } from './parameters.ts';
import { maxTorrentBytes, torrentType } from './request-guard.ts';

export interface ChangeRouteOptions {
  /** Undefined on a mount that refuses changes. */
  readonly changes: MountChanges | undefined;
  /** What was shown of the mount is not true any more. */
  readonly changed: () => void;
}

/** The half of the API that changes the mount, under the rules that the filesystem has. */
export function addChangeRoutes(server: FastifyInstance, { changes, changed }: ChangeRouteOptions): void {
  server.addContentTypeParser(torrentType, { parseAs: 'buffer', bodyLimit: maxTorrentBytes }, (_request, body, done) =>
    done(null, body),
  );

  // Before the body is read, which may be large.
  const refuseIfReadOnly = async () => {
    if (changes === undefined) throw new HttpError(403, 'this mount is read-only and takes no changes');
  };
  const change = async (apply: (changes: MountChanges) => Outcome) => {
    if (changes === undefined) throw new HttpError(403, 'this mount is read-only and takes no changes');
    const outcome = apply(changes);
    if (outcome === 'not-found') throw new HttpError(404, 'there is no such torrent');
    if (outcome === 'busy') throw new HttpError(409, 'one of its files is open');
    changed();
  };

  server.post('/api/torrents', { bodyLimit: maxTorrentBytes, onRequest: refuseIfReadOnly }, async (request, reply) => {
    const source = request.body instanceof Uint8Array ? request.body : parseSource(request.body);
    let infoHash: string | undefined;
    await change(to => {
      infoHash = to.add(source).infoHash;
      return 'done';
    });
    return reply.code(202).send({ info_hash: infoHash ?? null });
  });

  server.delete('/api/torrents/:infoHash', { onRequest: refuseIfReadOnly }, async (request, reply) => {
    await change(of => of.forget(parseInfoHash(request.params)));
    return reply.code(204).send();
  });

  for (const action of ['pause', 'resume'] as const) {
    server.post(`/api/torrents/:infoHash/${action}`, { onRequest: refuseIfReadOnly }, async (request, reply) => {
      await change(of => of[action](parseInfoHash(request.params)));
      return reply.code(204).send();
    });
  }
}

type Outcome = 'done' | 'not-found' | 'busy';
