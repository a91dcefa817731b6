import type { MountHandle } from '../mount/mount-handle.ts';
import type { Logger } from '../util/logger.ts';
import { describeHolders, findHolders } from './holders.ts';
import { fired, pause } from './wait.ts';

/** How long files may stay open before the mount is taken from under them. */
const inOrderTimeoutMs = 10_000;
/** How often a busy mount is tried again. */
const retryIntervalMs = 250;
/** What a forced unmount may take; it waits for nobody. */
const atOnceTimeoutMs = 5000;

/**
 * Unmounts as soon as no file is open, and after ten seconds, or when `atOnce` fires, whatever is open. Resolves when the mount
 * is gone, or kills the process when not even that works: a mount that nobody can end is worse than an exit code.
 */
export async function unmountInOrder(handle: MountHandle, atOnce: AbortSignal, logger: Logger): Promise<void> {
  const giveUp = AbortSignal.any([atOnce, AbortSignal.timeout(inOrderTimeoutMs)]);
  if (await unmountedBefore(giveUp, handle, logger)) return;
  logger.warn({}, atOnce.aborted ? 'unmounting at once' : 'unmounting although files are open: they fail from now on');
  const timer = setTimeout(() => {
    logger.error({}, 'the mount could not be taken down; the process ends now');
    process.kill(process.pid, 'SIGKILL');
  }, atOnceTimeoutMs);
  try {
    await handle.unmount({ force: true });
    await handle.closed;
  } finally {
    clearTimeout(timer);
  }
}

async function unmountedBefore(giveUp: AbortSignal, handle: MountHandle, logger: Logger): Promise<boolean> {
  let told = false;
  while (!giveUp.aborted) {
    const attempt = handle.unmount().then(
      () => true,
      (error: unknown) => {
        if (!told)
          logger.warn(
            { error, heldBy: describeHolders(findHolders(handle.mountpoint)) },
            'waiting for files to be closed',
          );
        told = true;
        return false;
      },
    );
    if (await Promise.race([attempt, fired(giveUp).then(() => false)])) return true;
    await pause(retryIntervalMs, [giveUp]);
  }
  return false;
}
