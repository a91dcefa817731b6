import type { Logger } from '../../util/logger.ts';
import { FuseError } from '../errors.ts';
import { detach } from './detach.ts';
import { checkMountOptions, type MountOptions } from './mount-options.ts';
import { prepareMountPoint } from './mount-point.ts';
import { readMountTable, topmostAt } from './mount-table.ts';
import { attachAsRoot } from './root-attach.ts';
import { attachAsUser } from './user-attach.ts';

/** A mount that nobody serves yet. */
export interface Attachment {
  /** The open /dev/fuse that belongs to it. */
  readonly fd: number;
  /** As the mount table shows it. */
  readonly mountpoint: string;
  readonly devMinor: number;
}

/**
 * Mounts at an empty directory. The kernel queues requests from here on, so whoever touches the mount waits until it is
 * served.
 *
 * @throws FuseError naming what is missing and what to try; nothing is mounted then
 */
export async function attach(path: string, options: MountOptions, logger: Logger): Promise<Attachment> {
  checkMountOptions(options);
  const mountpoint = await prepareMountPoint(path, options.subtype, logger);
  const attachTo = process.geteuid?.() === 0 ? attachAsRoot : attachAsUser;
  const fd = await attachTo(mountpoint, options);
  const mounted = topmostAt(readMountTable(), mountpoint);
  if (mounted === undefined) {
    await detach(mountpoint, { lazy: true }).catch(() => {});
    throw new FuseError('mount-failed', `${mountpoint} was mounted but is not in the mount table`);
  }
  return { fd, mountpoint, devMinor: mounted.devMinor };
}
