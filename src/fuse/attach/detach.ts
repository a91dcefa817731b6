import { codeOf } from '../../util/error-facts.ts';
import { type CommandResult, runCommand } from '../../util/run-command.ts';
import { FuseError } from '../errors.ts';
import { readMountTable, topmostAt } from './mount-table.ts';

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
  const result = process.geteuid?.() === 0 ? await umount(mountpoint, lazy) : await fusermount(mountpoint, lazy);
  if (result.exitCode === 0 || topmostAt(readMountTable(), mountpoint) === undefined) return;
  throw detachError(mountpoint, result.stderr.trim());
}

async function umount(mountpoint: string, lazy: boolean): Promise<CommandResult> {
  const args = [...(lazy ? ['-l'] : []), mountpoint];
  // -c: the path is canonical, and looking at it again would hang if the process behind the mount does.
  const result = await runCommand('umount', ['-c', ...args]);
  const knowsNoSuchOption = /(invalid|unrecognized) option/.test(result.stderr); // busybox
  return knowsNoSuchOption ? runCommand('umount', args) : result;
}

function fusermount(mountpoint: string, lazy: boolean): Promise<CommandResult> {
  return runCommand('fusermount3', ['-u', ...(lazy ? ['-z'] : []), mountpoint]).catch(cause => {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    const message = 'fusermount3 not found, with which ordinary users unmount; install the package fuse3';
    throw new FuseError('no-fusermount', message, { cause });
  });
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
