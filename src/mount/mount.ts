import { join } from 'node:path';
import { MountCatalog } from '../catalog/mount-catalog.ts';
import { PathSettingsStore } from '../catalog/path-settings.ts';
import { WatchFolder } from '../catalog/watch-folder.ts';
import { unhonouredOptions } from '../config/load-config.ts';
import type { Config } from '../config/options.ts';
import type { Engine } from '../engine/index.ts';
import type { AttributeOptions } from '../fs/attributes.ts';
import { type MountFacts, mountStatus } from '../fs/mount-status.ts';
import { PieceMaps } from '../fs/piece-maps.ts';
import { TorrentSlowLane } from '../fs/slow-lane.ts';
import { TorrentRoot } from '../fs/torrent-root.ts';
import { type FuseMount, mountFuse, ROOT_NODE, resolveMountPoint } from '../fuse/index.ts';
import { createReader } from '../read/create-reader.ts';
import { VerifiedFileStore } from '../read/verified-file-store.ts';
import { packageVersion } from '../util/package-version.ts';
import { Teardown } from '../util/teardown.ts';
import { defaultDataDir } from './data-dir.ts';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { DiskSpace } from './disk-space.ts';
import { chooseEngine, type EngineChoice, probeThisMachine, recordOf, startEngine } from './engine-choice.ts';
import { startHttpService } from './http-service.ts';
import { addSources, parseSources } from './initial-sources.ts';
import type { MountHandle, MountOptions } from './mount-handle.ts';
import { ObservedMount } from './observation/observed-mount.ts';
import { observedContents } from './observation/virtual-contents.ts';
import { RunningMount } from './running-mount.ts';
import { SharedLanes } from './shared-lanes.ts';

/**
 * Mounts torrents; resolves when the kernel has agreed and the mount answers. Started in this order, and stopped in reverse:
 * data directory, engine, catalog, reader, tree, kernel. When anything fails, what was started is stopped and nothing is
 * mounted.
 *
 * @throws MountError, FuseError; the signal's reason
 */
export async function mount(options: MountOptions): Promise<MountHandle> {
  const teardown = new Teardown();
  try {
    return await start(options, teardown);
  } catch (error) {
    await teardown.run(failure => options.logger.error({ error: failure }, 'clean-up failed'));
    throw error;
  }
}

async function start(options: MountOptions, teardown: Teardown): Promise<MountHandle> {
  const { config, logger } = options;
  const signal = options.signal ?? new AbortController().signal;
  const sources = [
    ...(await parseSources(options.sources, 'command line')),
    ...(await parseSources(config.torrents.sources, 'configuration')),
  ];
  const mountpoint = await resolveMountPoint(options.mountpoint);
  const path = config.engine.dataDir ?? defaultDataDir(mountpoint, { uid: currentUid(), env: process.env });
  const data = await openDataDirectory({ path, mountpoint, logger, teardown });
  const { engine, choice } = await engineOf(data, { ...options, signal }, teardown);
  signal.throwIfAborted();

  const catalog = new MountCatalog({
    engine,
    journal: data.journal,
    store: data.store,
    logger,
    peers: config.engine.peers,
    pollIntervalMs: config.monitoring.pollIntervalMs,
    stalledTimeoutMs: config.monitoring.stalledTimeoutMs,
  });
  teardown.push(() => catalog.stop());
  const tree = buildTree({ config, catalog, engine, data }, { ...options, mountpoint }, teardown);
  const space = await DiskSpace.start({ path, statistics: tree.lanes.statistics, logger });
  teardown.push(() => space.stop());
  const http = await startHttpService({ config, view: tree.observed, logger });
  teardown.push(() => http?.stop());

  const fuse = await mountFuse({
    ...fuseOptions(mountpoint, config),
    ...tree.fuse,
    logger,
    trace: logger.debugEnabled,
  });
  tree.serve(fuse);
  addSources(catalog, sources, logger);
  const { watchDir } = config.torrents;
  if (watchDir !== undefined && !config.mount.readOnly) {
    const folder = new WatchFolder({ path: watchDir, catalog, journal: data.journal, logger });
    teardown.push(() => folder.stop());
  }
  return new RunningMount({
    fuse,
    engineDescription: engine.description,
    engineReason: choice.reason,
    dataDir: path,
    dashboardUrl: http?.url,
    status: tree.status,
    reload: changed => void reload(changed),
    teardown,
    logger,
  });

  async function reload(changed: Config): Promise<void> {
    addSources(catalog, await parseSources(changed.torrents.sources, 'configuration'), logger);
  }
}

async function engineOf(
  data: DataDirectory,
  { config, logger, signal }: MountOptions & { readonly signal: AbortSignal },
  teardown: Teardown,
): Promise<{ engine: Engine; choice: EngineChoice }> {
  const recorded = data.journal.state.engine;
  const choice = await chooseEngine({ config, recorded, probe: probeThisMachine, signal });
  const engine = await startEngine(choice, { config, dataDir: data.path, logger, signal });
  teardown.push(() => engine.stop());
  for (const flag of unhonouredOptions(config, choice.kind)) {
    logger.warn({ option: flag, engine: engine.description }, 'this engine cannot honour an option');
  }
  const record = recordOf(choice);
  if (record !== recorded) data.journal.append({ type: 'engine', engine: record });
  return { engine, choice };
}

interface TreeParts {
  readonly config: Config;
  readonly catalog: MountCatalog;
  readonly engine: Engine;
  readonly data: DataDirectory;
}

/** Both lanes of the filesystem over the catalog, and what they share; `serve` ties them to the kernel's mount. */
function buildTree(parts: TreeParts, options: MountOptions, teardown: Teardown) {
  const { config, catalog, engine, data } = parts;
  const { logger } = options;
  let fuse: FuseMount | undefined;
  const attributes = attributeOptions(config);
  const lanes = new SharedLanes({ attributes, cacheBytes: config.cache.sizeBytes });
  teardown.push(() => lanes.close());
  const log = logger.child({ part: 'read' });
  const verified = new VerifiedFileStore(join(data.path, 'verified'), log);
  const reader = createReader(
    { engine, cache: lanes.cache, handles: lanes.handles, verified, log },
    { readAheadBytes: config.read.aheadBytes, verifyAll: config.read.verify },
  );
  teardown.push(() => reader.stop());
  lanes.onTouched(({ handle, offset, length }) => reader.touched(handle, { offset, length }));
  const root = new TorrentRoot({
    catalog,
    trees: lanes.trees,
    onNameGone: name => fuse?.notifier.invalidateEntry(ROOT_NODE, Buffer.from(name)),
  });
  teardown.push(() => root.stop());
  const pieces = new PieceMaps(engine);
  const facts = mountFacts(options, engine, data);
  const settings = new PathSettingsStore(data.journal);
  const defaultPolicy = { whenMissing: config.read.whenMissing, timeoutMs: config.read.timeoutMs };
  const status = () => mountStatus({ facts, catalog, root, pieces, sections: () => ({}) });
  const slowLane: TorrentSlowLane = new TorrentSlowLane({
    ...attributes,
    catalog,
    trees: lanes.trees,
    root,
    reader,
    pieces,
    settings,
    defaultPolicy,
    contents: { status, ...observedContents(() => observed) },
    backing: () => fuse?.backingFiles,
  });
  const observed: ObservedMount = new ObservedMount(
    {
      facts: { version: facts.version, mountpoint: facts.mountpoint, readOnly: facts.read_only },
      ...{ engine, catalog, root, pieces, reader, settings, defaultPolicy, cache: lanes.cache },
      fuse: () => fuse,
    },
    config.mount.readOnly ? undefined : slowLane.control,
  );
  return {
    lanes,
    status,
    observed,
    fuse: { fastLane: lanes.fastLane, slowLane },
    serve: (served: FuseMount) => {
      fuse = served;
    },
  };
}

function mountFacts({ config, mountpoint }: MountOptions, engine: Engine, data: DataDirectory): MountFacts {
  return {
    mountpoint,
    pid: process.pid,
    version: packageVersion,
    engine: engine.description,
    data_dir: data.path,
    started_at: new Date().toISOString(),
    read_only: config.mount.readOnly,
  };
}

function attributeOptions({ mount: { uid, gid, umask, readOnly } }: Config): AttributeOptions {
  return { uid: uid ?? currentUid(), gid: gid ?? process.getgid?.() ?? 0, umask, readOnly };
}

function fuseOptions(mountpoint: string, { mount: { readOnly, allowOther } }: Config) {
  return { mountpoint, subtype: 'torrent-fuse', fsName: 'torrent-fuse', readOnly, allowOther };
}

function currentUid(): number {
  return process.getuid?.() ?? 0;
}
