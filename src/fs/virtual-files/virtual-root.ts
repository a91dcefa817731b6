import type { Catalog } from '../../catalog/catalog.ts';
import type { Control } from '../control.ts';
import type { PieceMaps } from '../piece-maps.ts';
import type { TorrentRoot } from '../torrent-root.ts';
import { controlFile } from './control-file.ts';
import { errorsText } from './errors-text.ts';
import { holdingsDirectory } from './holdings-directory.ts';
import { metainfoDirectory } from './metainfo-directory.ts';
import { type MirrorContent, torrentMirror } from './torrent-mirror.ts';
import { snapshotFile, staticDirectory, type VirtualDirectory } from './virtual-node.ts';

export interface VirtualRootOptions {
  readonly catalog: Catalog;
  readonly root: TorrentRoot;
  readonly pieces: PieceMaps;
  readonly control: Control;
  readonly readOnly: boolean;
  readonly contents: VirtualContents;
}

/** What other parts of the program say in files of `.torrent-fuse`. */
export interface VirtualContents {
  /** `status.json`, to be written as JSON. */
  status(): unknown;
  /** `metrics`: Prometheus text. */
  readonly metrics?: (signal: AbortSignal) => string | Promise<string>;
  /** Directories by name that look like the mount itself and tell something of every file, such as `why`. */
  readonly mirrors?: Readonly<Record<string, MirrorContent>>;
}

/** `.torrent-fuse`. */
export function virtualRoot({
  catalog,
  root,
  pieces,
  control,
  readOnly,
  contents,
}: VirtualRootOptions): VirtualDirectory {
  const { metrics, mirrors = {} } = contents;
  const mirrorEntries = Object.entries(mirrors).map(([name, content]) => [name, torrentMirror(root, content)]);
  return staticDirectory({
    'status.json': snapshotFile(() => `${JSON.stringify(contents.status(), undefined, 2)}\n`),
    metrics: metrics && snapshotFile(metrics),
    errors: snapshotFile(() => errorsText(catalog.failures())),
    control: controlFile(control, { readOnly }),
    torrents: metainfoDirectory(catalog),
    pieces: holdingsDirectory({ catalog, pieces, show: holdings => holdings.bitfield() }),
    ranges: holdingsDirectory({ catalog, pieces, show: holdings => holdings.ranges() }),
    ...Object.fromEntries(mirrorEntries),
  });
}
