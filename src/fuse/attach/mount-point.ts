import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf, messageOf } from '../../util/error-facts.ts';
import type { Logger } from '../../util/logger.ts';
import { runCommand } from '../../util/run-command.ts';
import { FuseError } from '../errors.ts';
import { detach } from './detach.ts';
import { readMountTable, topmostAt } from './mount-table.ts';

/**
 * Makes sure that something can be mounted at `path`, and returns the path as the mount table will show it. The dead mount
 * of a killed process (of our own `subtype`) is taken away first.
 *
 * @throws FuseError `mountpoint-…` or `not-permitted`
 */
export async function prepareMountPoint(path: string, subtype: string, logger: Logger): Promise<string> {
  const mountpoint = await resolveMountPoint(path);
  await clearStaleMounts(mountpoint, subtype, logger);
  await checkEmptyDirectory(mountpoint);
  return mountpoint;
}

/**
 * The absolute path without symbolic links. The last name is looked at only if nothing is mounted there: a mount that hangs
 * would hang us too.
 */
export async function resolveMountPoint(path: string): Promise<string> {
  try {
    let candidate = resolve(path);
    for (let links = 0; links < MAX_LINKS; links++) {
      candidate = candidate === '/' ? candidate : join(await realpath(dirname(candidate)), basename(candidate));
      if (topmostAt(readMountTable(), candidate) !== undefined) return candidate;
      if (!(await lstat(candidate)).isSymbolicLink()) return candidate;
      candidate = resolve(dirname(candidate), await readlink(candidate));
    }
  } catch (error) {
    throw unusable(path, error);
  }
  throw new FuseError('mountpoint-missing', `mount point ${path}: too many symbolic links`);
}

/** As many as Linux follows. */
const MAX_LINKS = 40;

async function clearStaleMounts(mountpoint: string, subtype: string, logger: Logger): Promise<void> {
  for (;;) {
    const mounted = topmostAt(readMountTable(), mountpoint);
    if (mounted === undefined) return;
    if (mounted.type !== `fuse.${subtype}` || !(await isStale(mountpoint))) {
      const what = `${mountpoint} is already a mount point (${mounted.type})`;
      throw new FuseError('mountpoint-in-use', `${what}; unmount that first, or choose another folder`);
    }
    logger.info({ mountpoint }, 'removing the dead mount of a process that was killed');
    await detach(mountpoint, { lazy: true });
  }
}

/**
 * Whether the process behind a mount is gone. Asked in a child process, because a mount that hangs holds who asks; and by
 * statfs(2), because the kernel may know the attributes still.
 */
async function isStale(mountpoint: string): Promise<boolean> {
  // Node takes seconds to start on a busy machine.
  const { stderr } = await runCommand('stat', ['-f', mountpoint], { timeoutMs: HANGING_MS });
  return /not connected/i.test(stderr);
}

/** A mount that has not answered for so long hangs. */
const HANGING_MS = 10_000;

async function checkEmptyDirectory(mountpoint: string): Promise<void> {
  const names = await readdir(mountpoint).catch(error => {
    throw unusable(mountpoint, error);
  });
  if (names.length > 0) {
    const message = `mount point ${mountpoint} is not empty: what is in it would be hidden; choose an empty folder`;
    throw new FuseError('mountpoint-not-empty', message);
  }
}

function unusable(path: string, cause: unknown): FuseError {
  switch (codeOf(cause)) {
    case 'ENOENT':
      return new FuseError('mountpoint-missing', `mount point ${path} does not exist; create it: mkdir -p ${path}`, {
        cause,
      });
    case 'ENOTDIR':
      return new FuseError('mountpoint-not-a-directory', `mount point ${path} is a file; name a folder`, { cause });
    case 'EACCES':
    case 'EPERM':
      return new FuseError('not-permitted', `no permission to look at ${path}; choose a folder of yours`, { cause });
    default: {
      const reason = messageOf(cause);
      return new FuseError('mount-failed', `mount point ${path} cannot be used: ${reason}`, { cause });
    }
  }
}
