/** torrent-fuse as a library: mount torrents from a program of your own. */

export { type MountTorrentsOptions as MountOptions, mountTorrents as mount } from './mount/library.ts';
export { type CloseReason, MountError, type MountErrorCode, type MountHandle } from './mount/mount-handle.ts';
