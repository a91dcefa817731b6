import type { RqbitServer } from '../../swarm/rqbit-server.ts';

/** Options of `mount` for the engine of a server that runs already, polled often. */
export function overRqbit(server: Pick<RqbitServer, 'url'>, ...more: readonly string[]): string[] {
  return ['--engine', 'rqbit', '--rqbit-url', server.url.href, '--status-poll-interval', '500ms', ...more];
}
