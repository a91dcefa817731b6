import { statfs } from 'node:fs/promises';

/**
 * Whether looking at a file there may have to wait for a server: anything but the filesystems that are known to be on a disk of
 * this machine. Rejects with the system's error.
 */
export async function mayWaitForServer(path: string): Promise<boolean> {
  const { type } = await statfs(path);
  return !localFilesystems.has(type >>> 0);
}

/** `f_type` of statfs(2), from linux/magic.h and the filesystems themselves. */
const localFilesystems: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x5846_5342, // xfs
  0x9123_683e, // btrfs
  0xf2f5_2010, // f2fs
  0xca45_1a4e, // bcachefs
  0x2fc1_2fc1, // zfs
  0x0102_1994, // tmpfs
  0x794c_7630, // overlayfs
]);
