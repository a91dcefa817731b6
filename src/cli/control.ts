import { CommandError } from './errors.ts';
import { MountAccess, MountAccessError } from './mount-access.ts';

/**
 * What `.torrent-fuse/control` of a mount is told; each is one JSON object in one write, answered by the errno of that write. A
 * torrent goes by its info hash, or by its URL while that is not fetched.
 */
export type ControlCommand =
  | { readonly command: 'remove'; readonly torrent: string; readonly deleteData: boolean }
  | { readonly command: 'pause' | 'resume'; readonly torrent: string }
  | ({ readonly command: 'set'; readonly path: string } & PathSettings);

/** What can be set for a path of the mount, and is kept across restarts; null is inherited again. */
export interface PathSettings {
  readonly policy?: 'wait' | 'eagain' | null;
  readonly timeoutMs?: number | null;
  readonly pin?: boolean | null;
  readonly priority?: 'low' | 'normal' | 'high' | null;
}

/** @throws CommandError */
export async function control(mountpoint: string, command: ControlCommand): Promise<void> {
  try {
    await new MountAccess(mountpoint).write('.torrent-fuse/control', JSON.stringify(command));
  } catch (error) {
    if (!(error instanceof MountAccessError)) throw error;
    throw new CommandError(`${explain(error.code, mountpoint)} (${error.code})`, { cause: error });
  }
}

function explain(code: string, mountpoint: string): string {
  switch (code) {
    case 'EBUSY':
      return 'one of its files is open; close it and try again';
    case 'EROFS':
      return `${mountpoint} is mounted with --read-only`;
    case 'EACCES':
    case 'EPERM':
      return `only the user who mounted ${mountpoint}, and root, may change it`;
    case 'ENOENT':
      return 'there is no such torrent or path in the mount';
    case 'EOPNOTSUPP':
      return 'this engine cannot keep files downloading that nobody reads';
    case 'TIMEOUT':
      return `the mount at ${mountpoint} does not answer; end it with 'torrent-fuse umount --force'`;
    case 'ENOTCONN':
      return `the process of the mount at ${mountpoint} was killed; clean up with 'torrent-fuse umount'`;
    default:
      return `the mount at ${mountpoint} refused it`;
  }
}
