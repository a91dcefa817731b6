import { Errno } from '../fuse/abi/errno.ts';
import { OpenFlag } from '../fuse/abi/flags.ts';
import { type AttributeChange, ErrnoError } from '../fuse/filesystem.ts';

/**
 * What a filesystem says no with, made once: an error costs microseconds for its stack, and a program that looks for
 * names that do not exist gets thousands a second.
 */
export const refusals = {
  notFound: new ErrnoError(Errno.ENOENT, 'no such entry'),
  /** The node's torrent is gone, and nothing of it is kept. */
  stale: new ErrnoError(Errno.ESTALE, 'the torrent is gone'),
  notDirectory: new ErrnoError(Errno.ENOTDIR, 'not a directory'),
  notSymlink: new ErrnoError(Errno.EINVAL, 'not a symbolic link'),
  readOnly: new ErrnoError(Errno.EROFS, 'torrents are read-only'),
  noAttribute: new ErrnoError(Errno.ENODATA, 'no such extended attribute'),
  beyondEnd: new ErrnoError(Errno.ENXIO, 'beyond the end of the file'),
  badWhence: new ErrnoError(Errno.EINVAL, 'neither SEEK_DATA nor SEEK_HOLE'),
} as const;

/** Times are accepted and not kept, for `touch`, `cp -p` and `tar -x` of a name that exists. @throws ErrnoError EROFS */
export function allowOnlyTimes({ mode, uid, gid, size }: AttributeChange): void {
  if (mode !== undefined || uid !== undefined || gid !== undefined || size !== undefined) throw refusals.readOnly;
}

/** @param flags of open(2) @throws ErrnoError EROFS */
export function allowOnlyReading(flags: number): void {
  if ((flags & (OpenFlag.ACCMODE | OpenFlag.TRUNC)) !== 0) throw refusals.readOnly;
}
