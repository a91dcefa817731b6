/** A FUSE server in TypeScript: it speaks the kernel's protocol itself. Start with {@link mountFuse} and {@link Filesystem}. */

export { Errno } from './abi/errno.ts';
export { FileType, OpenFlag, OpenReplyFlag, SeekWhence } from './abi/flags.ts';
export { withAbort } from './attach/connection.ts';
export { type DetachOptions, detach } from './attach/detach.ts';
export type { MountOptions } from './attach/mount-options.ts';
export { prepareMountPoint, resolveMountPoint } from './attach/mount-point.ts';
export { type MountEntry, readMountTable, topmostAt } from './attach/mount-table.ts';
export type { BackingFiles } from './backing-files.ts';
export { FuseError, type FuseErrorCode, fuseErrorCodes } from './errors.ts';
export { exitNow } from './exit-now.ts';
export * from './filesystem.ts';
export type { FuseCloseReason, FuseMount } from './fuse-mount.ts';
export type { FastLaneModule } from './fuse-thread-handle.ts';
export type { Notifier } from './notifier.ts';
export type { OperationLane, OperationTotals } from './operation-counters.ts';
export { type MountFuseOptions, mountFuse } from './server.ts';
