import type { Engine } from '../../src/engine/index.ts';
import { createRqbitEngine, type RqbitEngineOptions } from '../../src/engine/rqbit/create-rqbit-engine.ts';
import { silentLogger } from '../../src/util/logger.ts';
import type { RqbitServer } from './rqbit-server.ts';

/** The engine over a real server, as a mount makes it. */
export function connectEngine(server: RqbitServer, options: Partial<RqbitEngineOptions> = {}): Promise<Engine> {
  const external = { kind: 'external', url: server.url, credentials: undefined } as const;
  return createRqbitEngine(
    { server: external, onDemand: false, maxStreams: 6, peers: [], ...options },
    { logger: silentLogger, mayFetch: () => true, signal: AbortSignal.timeout(30_000) },
  );
}
