import { MessageChannel } from 'node:worker_threads';
import { TorrentFastLane, type TorrentFastLaneOptions } from '../../src/fs/fast-lane.ts';
import { MountStatistics } from '../../src/fs/mount-statistics.ts';
import type { TorrentTree } from '../../src/fs/torrent-tree.ts';
import { buildTorrentTree } from '../../src/fs/torrent-tree-builder.ts';
import { TreePublisher } from '../../src/fs/tree-publisher.ts';
import { TreeSubscriber } from '../../src/fs/tree-subscriber.ts';
import { Errno } from '../../src/fuse/abi/errno.ts';
import { detailsOfFiles, detailsOfSingleFile, infoHashOfSeed } from '../fixtures/torrent-details.ts';
import { LaneHarness, type SeenEntry } from './lane-harness.ts';

export const ROOT = 1;
/** A node of slot 0: some file below `.torrent-fuse`. */
export const VIRTUAL = 7;
export const ADDED = 1_700_000_000;

export const season = buildTorrentTree(
  detailsOfFiles(
    [
      { path: 'disc 1/Ünïcödé.mkv', length: 5 * 2 ** 30 },
      { path: 'disc 1/empty', length: 0 },
      { path: 'play.sh', length: 513, executable: true },
      { path: 'link', length: 0, symlinkTarget: ['disc 1', 'empty'] },
    ],
    { infoHash: infoHashOfSeed('season') },
  ),
  ADDED,
);
export const film = buildTorrentTree(
  detailsOfSingleFile({ length: 1000 }, { name: 'film.mkv', infoHash: infoHashOfSeed('film'), createdAtSeconds: 77 }),
  ADDED,
);

export interface MountedTrees {
  readonly kernel: LaneHarness;
  readonly publisher: TreePublisher;
  readonly subscriber: TreeSubscriber;
  readonly statistics: MountStatistics;
  readonly slots: readonly number[];
}

/** A fast lane over trees in a root that main publishes; everything in one thread, without a device. */
export function mountTrees(
  trees: Readonly<Record<string, TorrentTree>>,
  options: Partial<TorrentFastLaneOptions> = {},
): MountedTrees {
  const { port1, port2 } = new MessageChannel();
  const publisher = new TreePublisher({ port: port1, now: () => 1_800_000_000_000 });
  const subscriber = new TreeSubscriber(port2, publisher.versions);
  const statistics = new MountStatistics();
  const lane = new TorrentFastLane({
    trees: subscriber,
    statistics,
    reads: { read: () => undefined },
    onTouched: () => {},
    uid: 1000,
    gid: 1001,
    umask: 0,
    readOnly: false,
    ...options,
  });
  // The lane looks after each, so that nothing has to be merged.
  const slots = Object.entries(trees).map(([name, tree]) => {
    const slot = publisher.add(name, tree);
    lane.beforeRequest();
    return slot;
  });
  return { kernel: new LaneHarness(lane), publisher, subscriber, statistics, slots };
}

/** Looks a path up, name by name from the root. */
export function walk(kernel: LaneHarness, path: string): SeenEntry {
  let node = ROOT;
  let entry: SeenEntry | number | 'forwarded' = Errno.ENOENT;
  for (const name of path.split('/')) {
    entry = kernel.lookup(node, name);
    if (typeof entry !== 'object') throw new Error(`${path}: ${entry}`);
    node = entry.node;
  }
  if (typeof entry !== 'object') throw new Error(`${path}: ${entry}`);
  return entry;
}
