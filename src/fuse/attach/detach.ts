import { errorCode } from '../error-code.ts';
import { FuseError } from '../errors.ts';
import { readMountTable, topmostAt } from './mount-table.ts';
import { runCommand } from './run-command.ts';

export interface DetachOptions {
  /** Takes it out of the tree at once, though files are open; they go on until closed. */
  readonly lazy?: boolean;
}

/**
 * Takes a mount out of the tree: `umount` for root, `fusermount3 -u` for everyone else. A mount that is not there is no
 * error.
 *
 * @param mountpoint as the mount table shows it
 * @throws FuseError `busy`, `not-permitted`, `no-fusermount`, `unmount-failed`
 */
export async function detach(mountpoint: string, { lazy = false }: DetachOptions = {}): Promise<void> {
  const [command, ...args] = detachCommand(mountpoint, lazy);
  const result = await runCommand(command, args).catch(cause => {
    if (errorCode(cause) !== 'ENOENT') throw cause;
    throw new FuseError('no-fusermount', `${command} not found, which unmounts; install the package fuse3`, { cause });
  });
  if (result.exitCode === 0 || topmostAt(readMountTable(), mountpoint) === undefined) return;
  throw detachError(mountpoint, result.stderr.trim());
}

function detachCommand(mountpoint: string, lazy: boolean): [string, ...string[]] {
  if (process.geteuid?.() === 0) return ['umount', ...(lazy ? ['-l'] : []), mountpoint];
  return ['fusermount3', '-u', ...(lazy ? ['-z'] : []), mountpoint];
}

function detachError(mountpoint: string, reason: string): FuseError {
  if (/busy/i.test(reason)) {
    return new FuseError('busy', `${mountpoint} is busy: files on it are open, or it is a working directory`);
  }
  if (/permitted|permission|superuser/i.test(reason)) {
    return new FuseError('not-permitted', `no permission to unmount ${mountpoint}: only its user and root may`);
  }
  return new FuseError('unmount-failed', `unmounting ${mountpoint} failed: ${reason || 'it did not answer'}`);
}
