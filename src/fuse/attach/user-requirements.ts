import { readText } from '../../util/tolerant-files.ts';

/** Debian calls it libfuse3.so.3 up to libfuse 3.16, and libfuse3.so.4 from 3.17 on. */
export const libfuseNames: readonly string[] = ['libfuse3.so.3', 'libfuse3.so.4'];

/** Whether ordinary users may let others into their mounts, as fusermount3 looks it up. */
export function mayUsersAllowOthers(): boolean {
  return /^\s*user_allow_other\s*$/m.test(readText('/etc/fuse.conf'));
}
