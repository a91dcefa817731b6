import type { SettingsPath } from '../catalog/path-settings.ts';
import { infoHashOf } from './torrent-root.ts';
import type { TorrentTree } from './torrent-tree.ts';

/** A directory, file or symlink of a torrent. */
export interface TreeNode {
  readonly tree: TorrentTree;
  readonly node: number;
}

/** Where in the mount it is, however its entry in the root is called. */
export function placeOf({ tree, node }: TreeNode): SettingsPath {
  return { infoHash: infoHashOf(tree), path: tree.path(node) };
}
