import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { EmbeddedEngineOptions } from '../../src/engine/embedded/embedded-engine.ts';
import type { Engine } from '../../src/engine/index.ts';
import { silentLogger } from '../../src/util/logger.ts';

type EmbeddedModule = typeof import('../../src/engine/embedded/embedded-engine.ts');

/** The embedded engine as it is built in dist/, because a worker thread cannot run TypeScript. Loopback only. */
export async function startBuiltEngine(options: Partial<EmbeddedEngineOptions> = {}): Promise<Engine> {
  const url = new URL('../../dist/engine/embedded/embedded-engine.js', import.meta.url).href;
  const { createEmbeddedEngine }: EmbeddedModule = await import(/* @vite-ignore */ url);
  const engine = await createEmbeddedEngine(
    {
      dataDir: options.dataDir ?? (await temporaryFolder()),
      downloadAll: false,
      peers: [],
      dht: false,
      trackers: false,
      lsd: false,
      listenPort: 0,
      listenHost: '127.0.0.1',
      ...options,
    },
    { logger: process.env['TEST_LOG'] === undefined ? silentLogger : consoleLogger, mayFetch: () => true },
  );
  onTestFinished(() => engine.stop());
  return engine;
}

/** Gone when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const consoleLogger = {
  ...silentLogger,
  info: console.log,
  warn: console.log,
  error: console.log,
};
