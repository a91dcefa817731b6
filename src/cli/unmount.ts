import { detach, FuseError, type MountEntry, withAbort } from '../fuse/index.ts';
import { timeoutSignal } from '../util/timeout-signal.ts';
import { CommandError } from './errors.ts';
import { describeHolders, findHolders } from './holders.ts';
import { mountAt } from './mount-inquiry.ts';
import { isAlive, servingProcess } from './serving-process.ts';
import { pause } from './wait.ts';

/** Its own end takes a mount process 10 s at most, and then it is killed within 5. */
const processEndTimeoutMs = 20_000;
/** A file that was closed a moment ago still counts as open until the kernel has told us. */
const busyRetries = 3;
const busyRetryMs = 100;

/**
 * Returns when the process behind the mount is gone. Never touches the mount itself, so it returns also when the mount hangs.
 *
 * @returns the mount point without symbolic links
 * @throws CommandError, FuseError
 */
export async function unmount(path: string, { force }: { readonly force: boolean }): Promise<string> {
  const entry = await mountAt(path);
  const pid = servingProcess(entry);
  if (force) await detachByForce(entry);
  else await detachWhenFree(entry);
  if (pid !== undefined) await untilGone(pid);
  return entry.mountpoint;
}

async function detachByForce({ mountpoint, devMinor }: MountEntry): Promise<void> {
  await withAbort(devMinor, async abort => {
    await detach(mountpoint, { lazy: true });
    // Whoever waits in a read of it would wait on, since the mount lives as long as a file is open.
    abort();
  });
}

async function detachWhenFree({ mountpoint }: MountEntry): Promise<void> {
  for (let retries = busyRetries; ; retries--) {
    try {
      return await detach(mountpoint);
    } catch (error) {
      if (!(error instanceof FuseError) || error.code !== 'busy') throw error;
      if (retries === 0) {
        const holders = describeHolders(findHolders(mountpoint));
        throw new CommandError(`${mountpoint} is busy, held by ${holders}; close them, or use --force`, {
          cause: error,
        });
      }
      await pause(busyRetryMs);
    }
  }
}

async function untilGone(pid: number): Promise<void> {
  const tooLong = timeoutSignal(processEndTimeoutMs);
  while (isAlive(pid)) {
    if (tooLong.aborted)
      throw new CommandError(`the mount is gone, but its process ${pid} still ends; end it with: kill -9 ${pid}`);
    await pause(20);
  }
}
