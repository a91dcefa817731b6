/** Attributes of ours have this prefix; no other exists in the mount. */
export const XATTR_PREFIX = 'user.torrent.';

/** What every torrent, directory and file has. */
const common = ['status', 'infohash', 'state', 'progress', 'magnet', 'policy'] as const;
/** What a file has besides. */
const ofFiles = ['pieces', 'ranges'] as const;

export type TorrentXattr = (typeof common)[number] | (typeof ofFiles)[number];

export const directoryXattrs: readonly string[] = common.map(name => XATTR_PREFIX + name);
export const fileXattrs: readonly string[] = [...common, ...ofFiles].map(name => XATTR_PREFIX + name);

export function isTorrentXattr(name: string): boolean {
  return name.startsWith(XATTR_PREFIX);
}
