import { type MountEntry, readMountTable } from '../fuse/index.ts';

/** As the mount table shows our mounts. */
const mountType = 'fuse.torrent-fuse';

export function isOurs(entry: MountEntry): boolean {
  return entry.type === mountType;
}

/** Every torrent-fuse mount that this process can see, other users' and dead ones too. Touches none of them. */
export function listMounts(): MountEntry[] {
  return readMountTable().filter(isOurs);
}
