import { MountCatalog } from '../catalog/mount-catalog.ts';
import { WatchFolder, type WatchFolderOptions } from '../catalog/watch-folder.ts';
import type { Config } from '../config/options.ts';
import { mountFuse, prepareMountPoint } from '../fuse/index.ts';
import { Teardown } from '../util/teardown.ts';
import { defaultDataDir } from './default-data-dir.ts';
import { DiskSpace } from './disk-space.ts';
import { engineOf } from './engine-choice.ts';
import { startHttpService } from './http-service.ts';
import { addSources, parseSources } from './initial-sources.ts';
import { LiveConfig } from './live-config.ts';
import type { MountHandle, MountOptions } from './mount-handle.ts';
import { MountedTree } from './mounted-tree.ts';
import { logCatalogEvents } from './observation/event-log.ts';
import { openDataDirectory } from './open-data-directory.ts';
import { RunningMount } from './running-mount.ts';

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
  const path = config.engine.dataDir ?? defaultDataDir(mountpoint, { uid: process.getuid?.() ?? 0, env: process.env });
  const data = await openDataDirectory({ path, mountpoint, logger, teardown });
  const { engine, reason } = await engineOf(data, { config, logger, signal }, teardown);
  signal.throwIfAborted();

  const live = new LiveConfig(config);
  const { journal, store } = data;
  const { peers } = config.engine;
  const catalog = new MountCatalog({ engine, journal, store, logger, peers, timing: live });
  teardown.push(() => catalog.stop());
  teardown.push(logCatalogEvents(catalog, logger));
  const tree = new MountedTree({ mountpoint, live, catalog, engine, data, logger }, teardown);
  await tree.mountAll(signal);
  const space = await DiskSpace.start({ path, statistics: tree.lanes.statistics, logger });
  teardown.push(() => space.stop());
  const http = await startHttpService({ config, view: tree.observed, logger });
  teardown.push(() => http?.stop());

  const fuse = await mountFuse({
    ...fuseOptions(mountpoint, config),
    fastLane: tree.lanes.fastLane,
    slowLane: tree.slowLane,
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
    engineReason: reason,
    dataDir: path,
    dashboardUrl: http?.url,
    status: () => tree.status(),
    dismiss: silentMs => tree.slowLane.dismiss(silentMs),
    reload,
    teardown,
    logger,
  });

  async function reload(changed: Config): Promise<void> {
    // Those that were there before may have been removed since, and stay so.
    const before = new Set(live.current.torrents.sources);
    const added = changed.torrents.sources.filter(source => !before.has(source));
    addSources(catalog, await parseSources(added, 'configuration'), logger);
    live.current = changed;
    fuse.followLogLevel();
    tree.slowLane.refreshPolicies();
  }
}

function watch(config: Config, parts: Omit<WatchFolderOptions, 'path'>, teardown: Teardown): void {
  const { watchDir } = config.torrents;
  if (watchDir === undefined || config.mount.readOnly) return;
  const folder = new WatchFolder({ path: watchDir, ...parts });
  teardown.push(() => folder.stop());
}

function fuseOptions(mountpoint: string, { mount: { readOnly, allowOther } }: Config) {
  return { mountpoint, subtype: SUBTYPE, fsName: SUBTYPE, readOnly, allowOther };
}
