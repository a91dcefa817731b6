import { DataDirLock, DataDirLockedError } from '../catalog/data-dir-lock.ts';
import { Journal } from '../catalog/journal.ts';
import { MetainfoStore } from '../catalog/metainfo-store.ts';
import { EngineError } from '../engine/index.ts';
import { messageOf } from '../util/error-facts.ts';
import type { Logger } from '../util/logger.ts';
import type { Teardown } from '../util/teardown.ts';
import { MountError } from './mount-handle.ts';
import { prepareDataDir } from './prepare-data-dir.ts';

/** What is kept across mounts, claimed for this one. */
export interface DataDirectory {
  readonly path: string;
  readonly journal: Journal;
  readonly store: MetainfoStore;
}

export interface DataDirectoryOptions {
  readonly path: string;
  readonly mountpoint: string;
  readonly logger: Logger;
  readonly teardown: Teardown;
}

/** @throws MountError `data-dir`, `data-dir-locked` */
export async function openDataDirectory(options: DataDirectoryOptions): Promise<DataDirectory> {
  const { path, mountpoint, logger, teardown } = options;
  await prepareDataDir(path);
  try {
    const lock = DataDirLock.acquire(path, { pid: process.pid, mountpoint, since: new Date().toISOString() });
    teardown.push(() => lock.release());
    const journal = Journal.open(path, { logger });
    teardown.push(() => journal.close());
    return { path, journal, store: new MetainfoStore(path) };
  } catch (error) {
    throw asMountError(path, error);
  }
}

function asMountError(path: string, error: unknown): MountError {
  if (error instanceof DataDirLockedError) return new MountError('data-dir-locked', error.message, { cause: error });
  if (error instanceof EngineError) return new MountError('data-dir', error.message, { cause: error });
  const reason = messageOf(error);
  return new MountError('data-dir', `cannot use data directory ${path}: ${reason}`, { cause: error });
}
