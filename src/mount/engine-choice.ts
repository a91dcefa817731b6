import { join } from 'node:path';
import { unhonouredOptions } from '../config/load-config.ts';
import type { Config } from '../config/options.ts';
import { isPublicAddress } from '../engine/address-policy.ts';
import { createEmbeddedEngine } from '../engine/embedded/embedded-engine.ts';
import { type Engine, EngineError } from '../engine/index.ts';
import { createRqbitEngine, type ExternalServer, type ManagedServer } from '../engine/rqbit/create-rqbit-engine.ts';
import { type ProbeResult, probeLocalRqbit } from '../engine/rqbit/probe.ts';
import type { Logger } from '../util/logger.ts';
import type { Teardown } from '../util/teardown.ts';
import { collectOldObjectsSooner } from './heap-growth.ts';
import { MountError } from './mount-handle.ts';
import type { DataDirectory } from './open-data-directory.ts';

/** Which engine, where, and why it was taken. */
export type EngineChoice =
  | { readonly kind: 'embedded'; readonly reason: string }
  | { readonly kind: 'managed-rqbit'; readonly reason: string }
  | { readonly kind: 'external-rqbit'; readonly url: URL; readonly reason: string };

export interface EngineOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * The engine of a mount, started, and why it was taken. The journal of the data directory keeps which it is.
 *
 * @throws MountError `engine`; the signal's reason
 */
export async function engineOf(
  data: Pick<DataDirectory, 'path' | 'journal'>,
  options: EngineOptions,
  teardown: Teardown,
): Promise<{ readonly engine: Engine; readonly reason: string }> {
  const { config, logger, signal } = options;
  const recorded = data.journal.state.engine;
  const choice = await chooseEngine(config, recorded, () => probeLocalRqbit({ signal, uid: process.getuid?.() ?? 0 }));
  const engine = await startEngine(choice, { ...options, dataDir: data.path });
  teardown.push(() => engine.stop());
  for (const flag of unhonouredOptions(config, choice.kind)) {
    logger.warn({ option: flag, engine: engine.description }, 'this engine cannot honour an option');
  }
  const record = recordOf(choice);
  if (record !== recorded) data.journal.append({ type: 'engine', engine: record });
  return { engine, reason: choice.reason };
}

/**
 * A configured URL means that rqbit, and a configured engine that one. Else the data directory keeps the engine that it began
 * with, since that one has its torrents. Only on first use is a server looked for on this machine.
 *
 * @param record what {@link recordOf} said when the data directory was first used
 * @param probe looks for a server on this machine
 */
export async function chooseEngine(
  { engine, rqbit }: Config,
  record: string | undefined,
  probe: () => Promise<ProbeResult>,
): Promise<EngineChoice> {
  if (engine.kind === 'embedded') return { kind: 'embedded', reason: '--engine embedded' };
  if (rqbit.url !== undefined)
    return { kind: 'external-rqbit', url: new URL(rqbit.url), reason: 'its URL is configured' };
  if (engine.kind === 'rqbit') return { kind: 'managed-rqbit', reason: '--engine rqbit, and no URL is configured' };
  const recorded = parseRecord(record);
  if (recorded !== undefined) return recorded;
  const probed = await probe();
  if (probed.found) return { kind: 'external-rqbit', url: probed.url, reason: probed.reason };
  return { kind: 'embedded', reason: probed.reason };
}

/** What the data directory's journal keeps of a choice. */
export function recordOf(choice: EngineChoice): string {
  return choice.kind === 'external-rqbit' ? `rqbit ${choice.url.href}` : choice.kind;
}

function parseRecord(record: string | undefined): EngineChoice | undefined {
  const reason = 'this data directory began with it';
  if (record === 'embedded' || record === 'managed-rqbit') return { kind: record, reason };
  const href = record?.match(/^rqbit (http.*)$/)?.[1];
  return href === undefined ? undefined : { kind: 'external-rqbit', url: new URL(href), reason };
}

interface EngineParts extends EngineOptions {
  readonly dataDir: string;
}

async function startEngine(choice: EngineChoice, parts: EngineParts): Promise<Engine> {
  try {
    return await (choice.kind === 'embedded' ? startEmbedded(parts) : startRqbit(choice, parts));
  } catch (error) {
    parts.signal.throwIfAborted();
    if (error instanceof EngineError) throw new MountError('engine', error.message, { cause: error });
    throw error;
  }
}

function startEmbedded({ config, dataDir, logger }: EngineParts): Promise<Engine> {
  const { peers, dht, trackers, lsd, listenPort, listenHost } = config.engine;
  const downloadAll = config.embedded.download === 'all';
  return createEmbeddedEngine(
    { dataDir, downloadAll, peers, dht, trackers, lsd, listenPort, listenHost },
    { logger: logger.child({ part: 'engine' }), mayFetch: mayFetchOf(config) },
  );
}

function startRqbit(choice: EngineChoice, { config, dataDir, logger, signal }: EngineParts): Promise<Engine> {
  collectOldObjectsSooner();
  const { onDemand, maxStreams } = config.rqbit;
  const server = choice.kind === 'external-rqbit' ? externalServer(choice.url, config) : managedServer(config, dataDir);
  return createRqbitEngine(
    { server, onDemand, maxStreams, peers: config.engine.peers },
    { logger: logger.child({ part: 'engine' }), mayFetch: mayFetchOf(config), signal },
  );
}

function externalServer(url: URL, { rqbit }: Config): ExternalServer {
  const { user, password } = rqbit;
  const credentials = user === undefined ? undefined : { user, password: password ?? '' };
  return { kind: 'external', url, credentials };
}

function managedServer({ engine, rqbit }: Config, dataDir: string): ManagedServer {
  const { dht, trackers, lsd, listenPort, listenHost } = engine;
  return {
    kind: 'managed',
    binary: rqbit.binary,
    folder: join(dataDir, 'rqbit'),
    network: { dht, trackers, lsd, listenPort, listenHost },
  };
}

/** A stranger's URL, or a redirect of one, must not make this machine ask its own network. */
function mayFetchOf({ torrents }: Config): (url: URL, address: string) => boolean {
  return (_, address) => torrents.allowPrivateUrls || isPublicAddress(address);
}
