import type { MountedTorrent, TorrentRoot } from '../torrent-root.ts';
import { TREE_ROOT } from '../torrent-tree.ts';
import { snapshotFile, type VirtualDirectory, type VirtualNode } from './virtual-node.ts';

/** A file of a torrent in the mount. */
export interface MirroredFile {
  readonly torrent: MountedTorrent;
  /** In the torrent's tree. */
  readonly node: number;
  /** Relative to the mount point. */
  readonly path: string;
}

export type MirrorContent = (file: MirroredFile, signal: AbortSignal) => string | Promise<string>;

/** A directory that looks like the root of the mount, in which every file of a torrent holds what `content` says of it. */
export function torrentMirror(root: TorrentRoot, content: MirrorContent): VirtualDirectory {
  return {
    kind: 'directory',
    list: () => root.all().map(({ name }) => name),
    lookup(name) {
      const torrent = root.byName(name);
      return torrent && mirrored({ torrent, node: TREE_ROOT, path: name }, content);
    },
  };
}

function mirrored(file: MirroredFile, content: MirrorContent): VirtualNode | undefined {
  const { torrent, node, path } = file;
  const { tree } = torrent;
  if (tree.isSymlink(node)) return undefined;
  if (!tree.isDirectory(node)) return snapshotFile(async signal => content(file, signal));
  return {
    kind: 'directory',
    list() {
      const children = Array.from({ length: tree.childCount(node) }, (_, index) => tree.firstChild(node) + index);
      return children.map(child => tree.nameText(child));
    },
    lookup(name) {
      const child = tree.lookup(node, Buffer.from(name));
      return child === undefined ? undefined : mirrored({ torrent, node: child, path: `${path}/${name}` }, content);
    },
  };
}
