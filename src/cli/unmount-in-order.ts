import type { MountHandle } from '../mount/mount-handle.ts';
import type { Logger } from '../util/logger.ts';
import { timeoutSignal } from '../util/timeout-signal.ts';
import { StuckMountError } from './errors.ts';
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
 * is gone.
 *
 * @throws StuckMountError when not even that works within five seconds more
 */
export async function unmountInOrder(handle: MountHandle, atOnce: AbortSignal, logger: Logger): Promise<void> {
  const giveUp = AbortSignal.any([atOnce, timeoutSignal(inOrderTimeoutMs)]);
  if (await unmountedBefore(giveUp, handle, logger)) return;
  logger.warn({}, atOnce.aborted ? 'unmounting at once' : 'unmounting although files are open: they fail from now on');
  const forced = handle.unmount({ force: true }).then(() => handle.closed);
  const tooLong = pause(atOnceTimeoutMs).then(() => 'too long' as const);
  const outcome = await Promise.race([forced, tooLong]).catch((error: unknown) => error);
  if (outcome instanceof Error) throw new StuckMountError(outcome.message, { cause: outcome });
  if (outcome === 'too long') throw new StuckMountError(`${handle.mountpoint} could not be taken down in order`);
}

async function unmountedBefore(giveUp: AbortSignal, handle: MountHandle, logger: Logger): Promise<boolean> {
  let told = false;
  const givenUp = fired(giveUp).then(() => false);
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
    if (await Promise.race([attempt, givenUp])) return true;
    await pause(retryIntervalMs, [giveUp]);
  }
  return false;
}
