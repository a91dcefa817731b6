import { resolve } from 'node:path';
import { type MountEntry, readMountTable, resolveMountPoint, topmostAt } from '../fuse/index.ts';
import { CommandError } from './errors.ts';
import { MountAccess, MountAccessError } from './mount-access.ts';
import { isOurs } from './mounts.ts';
import { servingProcess } from './serving-process.ts';
import { parseStatus, type StatusReport } from './status-report.ts';

/** What a mount of the table turns out to be when it is asked. */
export type MountCondition = 'answering' | 'not answering' | 'not permitted' | 'stale';

export interface MountInquiry {
  readonly mountpoint: string;
  readonly condition: MountCondition;
  /** Undefined when it is gone or may not be seen. */
  readonly pid: number | undefined;
  /** Of a mount that answers. */
  readonly status: StatusReport | undefined;
}

/** Asks one mount for its status. @param timeoutMs after which it does not answer; left out, it may be busy for a while */
export async function inquire(entry: MountEntry, timeoutMs?: number): Promise<MountInquiry> {
  const { mountpoint } = entry;
  const pid = servingProcess(entry);
  try {
    const text = await new MountAccess(mountpoint).read('.torrent-fuse/status.json', timeoutMs);
    return { mountpoint, condition: 'answering', pid, status: parseStatus(JSON.parse(text)) };
  } catch (error) {
    return { mountpoint, condition: conditionAfter(error), pid, status: undefined };
  }
}

function conditionAfter(error: unknown): MountCondition {
  const code = error instanceof MountAccessError ? error.code : undefined;
  if (code === 'ENOTCONN') return 'stale';
  if (code === 'EACCES' || code === 'EPERM') return 'not permitted';
  return 'not answering';
}

/** The mount at that very path. @throws CommandError when there is none of ours */
export async function mountAt(path: string): Promise<MountEntry> {
  const mountpoint = await resolveMountPoint(path).catch(() => resolve(path));
  const entry = topmostAt(readMountTable(), mountpoint);
  if (entry === undefined) {
    throw new CommandError(`nothing is mounted at ${mountpoint}; 'torrent-fuse status' lists the mounts`);
  }
  if (!isOurs(entry)) {
    throw new CommandError(`${mountpoint} is a mount of type ${entry.type}, not one of torrent-fuse`);
  }
  return entry;
}

/** The status of the mount at that path. @throws CommandError when it cannot be asked */
export async function statusAt(path: string): Promise<StatusReport> {
  const { mountpoint, condition, status } = await inquire(await mountAt(path));
  if (status === undefined)
    throw new CommandError(`the mount at ${mountpoint} is ${condition}; ${adviceFor(condition)}`);
  return status;
}

export function adviceFor(condition: MountCondition): string {
  switch (condition) {
    case 'stale':
      return "its process was killed: clean up with 'torrent-fuse umount'";
    case 'not permitted':
      return 'only the user who mounted it may look at it, unless it was mounted with --allow-other';
    case 'not answering':
      return "end it with 'torrent-fuse umount --force'";
    case 'answering':
      return '';
  }
}
