import { join } from 'node:path';
import { MountCatalog } from '../catalog/mount-catalog.ts';
import { PathSettingsStore } from '../catalog/path-settings.ts';
import { WatchFolder, type WatchFolderOptions } from '../catalog/watch-folder.ts';
import { unhonouredOptions } from '../config/load-config.ts';
import type { Config } from '../config/options.ts';
import type { Engine } from '../engine/index.ts';
import type { AttributeOptions } from '../fs/attributes.ts';
import { type MountFacts, mountStatus } from '../fs/mount-status.ts';
import { PieceMaps } from '../fs/piece-maps.ts';
import { TorrentSlowLane } from '../fs/slow-lane.ts';
import { TorrentRoot } from '../fs/torrent-root.ts';
import { type FuseMount, mountFuse, prepareMountPoint, ROOT_NODE } from '../fuse/index.ts';
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
import { LiveConfig } from './live-config.ts';
import type { MountHandle, MountOptions } from './mount-handle.ts';
import { logCatalogEvents } from './observation/event-log.ts';
import { mountActivity } from './observation/mount-activity.ts';
import { ObservedMount } from './observation/observed-mount.ts';
import { observedContents } from './observation/virtual-contents.ts';
import { RunningMount } from './running-mount.ts';
import { SharedLanes } from './shared-lanes.ts';

/** The mount table shows `fuse.torrent-fuse`. */
const SUBTYPE = 'torrent-fuse';

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
  // Before anything is started: a mount point that will not do should be told at once.
  const mountpoint = await prepareMountPoint(options.mountpoint, SUBTYPE, logger);
  const path = config.engine.dataDir ?? defaultDataDir(mountpoint, { uid: currentUid(), env: process.env });
  const data = await openDataDirectory({ path, mountpoint, logger, teardown });
  const { engine, choice } = await engineOf(data, { ...options, signal }, teardown);
  signal.throwIfAborted();

  const live = new LiveConfig(config);
  const { journal, store } = data;
  const { peers } = config.engine;
  const catalog = new MountCatalog({ engine, journal, store, logger, peers, timing: live });
  teardown.push(() => catalog.stop());
  teardown.push(logCatalogEvents(catalog, logger));
  const tree = await buildTree({ live, catalog, engine, data }, { ...options, mountpoint, signal }, teardown);
  const space = await DiskSpace.start({ path, statistics: tree.lanes.statistics, logger });
  teardown.push(() => space.stop());
  const http = await startHttpService({ config, view: tree.observed, logger });
  teardown.push(() => http?.stop());

  const fuse = await mountFuse({
    ...fuseOptions(mountpoint, config),
    ...tree.fuse,
    logger,
    trace: true,
  });
  tree.serve(fuse);
  try {
    addSources(catalog, sources, logger);
    watch(config, { catalog, journal, logger }, teardown);
  } catch (error) {
    await fuse.unmount({ force: true });
    throw error;
  }
  return new RunningMount({
    fuse,
    engineDescription: engine.description,
    engineReason: choice.reason,
    dataDir: path,
    dashboardUrl: http?.url,
    status: tree.status,
    reload,
    teardown,
    logger,
  });

  async function reload(changed: Config): Promise<void> {
    const added = await parseSources(changed.torrents.sources, 'configuration');
    live.current = changed;
    fuse.followLogLevel();
    tree.slowLane.refreshPolicies();
    addSources(catalog, added, logger);
  }
}

function watch(config: Config, parts: Omit<WatchFolderOptions, 'path'>, teardown: Teardown): void {
  const { watchDir } = config.torrents;
  if (watchDir === undefined || config.mount.readOnly) return;
  const folder = new WatchFolder({ path: watchDir, ...parts });
  teardown.push(() => folder.stop());
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
  readonly live: LiveConfig;
  readonly catalog: MountCatalog;
  readonly engine: Engine;
  readonly data: DataDirectory;
}

/** Both lanes of the filesystem over the catalog, and what they share; `serve` ties them to the kernel's mount. */
async function buildTree(
  parts: TreeParts,
  options: MountOptions & { readonly signal: AbortSignal },
  teardown: Teardown,
) {
  const { live, catalog, engine, data } = parts;
  const { logger, config } = options;
  const { defaultPolicy } = live;
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
  await root.mountAll(options.signal);
  const pieces = new PieceMaps(engine);
  const facts = mountFacts(options, engine, data);
  const settings = new PathSettingsStore(data.journal);
  const status = () => mountStatus({ facts, catalog, root, pieces, activity: () => mountActivity(reader, fuse) });
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
    slowLane,
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
  return { mountpoint, subtype: SUBTYPE, fsName: SUBTYPE, readOnly, allowOther };
}

function currentUid(): number {
  return process.getuid?.() ?? 0;
}
