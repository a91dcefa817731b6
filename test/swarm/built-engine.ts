import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { EmbeddedEngineOptions } from '../../src/engine/embedded/embedded-engine.ts';
import type { Engine } from '../../src/engine/index.ts';
import { silentLogger } from '../../src/util/logger.ts';

type EmbeddedModule = typeof import('../../src/engine/embedded/embedded-engine.ts');

export interface BuiltEngine {
  readonly engine: Engine;
  /** Where torrents and payload lie; it stays when the engine is stopped. */
  readonly dataDir: string;
  /** Stops the engine, and removes the data directory if it was made here. */
  close(): Promise<void>;
}

/** The embedded engine as it is built in dist/, because a worker thread cannot run TypeScript. Loopback only. */
export async function startBuiltEngine(options: Partial<EmbeddedEngineOptions> = {}): Promise<BuiltEngine> {
  const url = new URL('../../dist/engine/embedded/embedded-engine.js', import.meta.url).href;
  const { createEmbeddedEngine }: EmbeddedModule = await import(/* @vite-ignore */ url);
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'embedded-')));
  const engine = await createEmbeddedEngine(
    {
      dataDir,
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
  const close = async () => {
    await engine.stop();
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  return { engine, dataDir, close };
}

/** The same until the test is over. */
export async function startEngine(options: Partial<EmbeddedEngineOptions> = {}): Promise<BuiltEngine> {
  const built = await startBuiltEngine(options);
  onTestFinished(() => built.close());
  return built;
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
