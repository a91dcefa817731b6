import { type Logger, silentLogger } from '../util/logger.ts';
import { attach } from './attach/attach.ts';
import type { MountOptions } from './attach/mount-options.ts';
import type { Filesystem } from './filesystem.ts';
import { FuseMount } from './fuse-mount.ts';
import { type FastLaneModule, FuseThread } from './fuse-thread-handle.ts';
import { operationCounterMemory } from './operation-counters.ts';
import { SlowLane } from './slow-lane.ts';

/** At least one lane is given. */
export interface MountFuseOptions extends MountOptions {
  /** An empty directory. */
  readonly mountpoint: string;
  /** Answers at once, on the fuse thread. Without it the slow lane answers everything. */
  readonly fastLane?: FastLaneModule;
  /** Answers on this thread whatever the fast lane declines or has no method for. */
  readonly slowLane?: Filesystem;
  readonly logger?: Logger;
  /** One debug line for each request and each reply, while the logger takes them; see {@link FuseMount.followLogLevel}. */
  readonly trace?: boolean;
  /** Whether requests are counted, for {@link FuseMount.operations}; true by default. */
  readonly count?: boolean;
}

/**
 * Mounts and serves a filesystem; resolves when the kernel has agreed on the protocol. This process must not touch the
 * mount synchronously: the slow lane could not answer.
 *
 * @throws FuseError; nothing is mounted then
 */
export async function mountFuse(options: MountFuseOptions): Promise<FuseMount> {
  if (!options.fastLane && !options.slowLane) throw new TypeError('neither fastLane nor slowLane is given');
  const { logger = silentLogger, trace = false, count = true } = options;
  const counters = count ? operationCounterMemory() : undefined;
  const slowLane = options.slowLane && new SlowLane(options.slowLane, { logger, trace, counters });
  const thread = await FuseThread.start({ fastLane: options.fastLane, slowLane, logger, trace, counters });
  const attachment = await attach(options.mountpoint, options, logger).catch(async error => {
    await thread.discard();
    throw error;
  });
  return FuseMount.serve({ attachment, thread, slowLane, counters, logger });
}
