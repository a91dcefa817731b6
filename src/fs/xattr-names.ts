import type { TreeNode } from './tree-node.ts';

/** Attributes of ours have this prefix; no other exists in the mount. */
export const XATTR_PREFIX = 'user.torrent.';

/** What every torrent, directory and file has. */
const common = ['status', 'infohash', 'state', 'progress', 'magnet', 'policy'] as const;
/** What a file has besides. */
const ofFiles = ['pieces', 'ranges'] as const;

export type TorrentXattr = (typeof common)[number] | (typeof ofFiles)[number];

const ofDirectory: readonly string[] = common.map(name => XATTR_PREFIX + name);
const ofFile: readonly string[] = [...common, ...ofFiles].map(name => XATTR_PREFIX + name);

/** The kernel has no `user.` attributes for symlinks. */
export function xattrNamesOf({ tree, node }: TreeNode): readonly string[] {
  if (tree.isSymlink(node)) return [];
  return tree.isDirectory(node) ? ofDirectory : ofFile;
}

export function isTorrentXattr(name: string): boolean {
  return name.startsWith(XATTR_PREFIX);
}
