import type { MessagePort } from 'node:worker_threads';
import type { CacheMemory } from '../cache/cache-memory.ts';
import { CacheReader } from '../cache/cache-reader.ts';
import type { AttributeOptions } from '../fs/attributes.ts';
import { TorrentFastLane } from '../fs/fast-lane.ts';
import { MountStatistics } from '../fs/mount-statistics.ts';
import { TreeVersions } from '../fs/tree-messages.ts';
import { TreeSubscriber } from '../fs/tree-subscriber.ts';
import type { FastLane, FastLaneContext } from '../fuse/index.ts';
import { FastReader } from '../read/fast-reader.ts';
import { type HandleMemory, HandleReader } from '../read/handle-table.ts';

/** What the main thread hands to the fuse thread: shared memory, and the ends of two ports. */
export interface FuseLaneData {
  readonly attributes: AttributeOptions;
  readonly treePort: MessagePort;
  /** Of `TreeVersions`. */
  readonly treeVersions: SharedArrayBuffer;
  /** Of `MountStatistics`. */
  readonly statistics: SharedArrayBuffer;
  readonly cache: CacheMemory;
  readonly handles: HandleMemory;
  /** Takes handles, for `Reader.touched`. */
  readonly touchedPort: MessagePort;
}

/** Loaded by the fuse thread: builds the fast lane over the memory that the main thread shares with it. */
export default function createFuseLane({ data }: FastLaneContext): FastLane {
  // Both threads run one build, and `shared-lanes.ts` made this with the type above.
  const shared = data as FuseLaneData;
  return new TorrentFastLane({
    ...shared.attributes,
    trees: new TreeSubscriber(shared.treePort, new TreeVersions(shared.treeVersions)),
    statistics: new MountStatistics(shared.statistics),
    reads: new FastReader(new CacheReader(shared.cache), new HandleReader(shared.handles)),
    onTouched: handle => shared.touchedPort.postMessage(handle),
  });
}
