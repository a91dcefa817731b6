import type { FastifyInstance } from 'fastify';
import type { MountView } from './mount-view.ts';

export interface HealthRouteOptions {
  readonly mount: MountView;
  /** Fires when the server stops. */
  readonly signal: AbortSignal;
}

/** For machines that watch: is it alive, is it of use, what are its figures. */
export function addHealthRoutes(server: FastifyInstance, { mount, signal }: HealthRouteOptions): void {
  server.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'));

  server.get('/readyz', async (_request, reply) => {
    const readiness = await mount.readiness(signal);
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });

  server.get('/metrics', async (_request, reply) => {
    const { text, contentType } = await mount.metrics();
    return reply.type(contentType).send(text);
  });
}
