import { MessageChannel } from 'node:worker_threads';
import { createCacheMemory } from '../cache/cache-memory.ts';
import { CacheWriter } from '../cache/cache-writer.ts';
import type { AttributeOptions } from '../fs/attributes.ts';
import { MountStatistics } from '../fs/mount-statistics.ts';
import { TreePublisher } from '../fs/tree-publisher.ts';
import type { FastLaneModule } from '../fuse/index.ts';
import { createHandleMemory, HandleTable } from '../read/handle-table.ts';
import type { FuseLaneData } from './fuse-lane.ts';

export interface SharedLanesOptions {
  readonly attributes: AttributeOptions;
  readonly cacheBytes: number;
}

/** The main thread's ends of all that it shares with the fuse thread, and what the fuse thread is handed of it. */
export class SharedLanes {
  readonly cache: CacheWriter;
  readonly handles: HandleTable;
  readonly statistics = new MountStatistics();
  readonly trees: TreePublisher;
  readonly fastLane: FastLaneModule;
  readonly #touched = new MessageChannel();

  constructor({ attributes, cacheBytes }: SharedLanesOptions) {
    const cacheMemory = createCacheMemory(cacheBytes);
    const handleMemory = createHandleMemory();
    const treeChannel = new MessageChannel();
    this.cache = new CacheWriter(cacheMemory);
    this.handles = new HandleTable(handleMemory);
    this.trees = new TreePublisher({ port: treeChannel.port1 });
    const data: FuseLaneData = {
      attributes,
      treePort: treeChannel.port2,
      treeVersions: this.trees.versions.memory,
      statistics: this.statistics.memory,
      cache: cacheMemory,
      handles: handleMemory,
      touchedPort: this.#touched.port2,
    };
    this.fastLane = {
      module: new URL('./fuse-lane.js', import.meta.url),
      data,
      transfer: [treeChannel.port2, this.#touched.port2],
    };
  }

  /** Told of handles of which the fuse thread answered reads by itself. */
  onTouched(listener: (handle: number) => void): void {
    this.#touched.port1.on('message', listener);
    this.#touched.port1.unref(); // the mount keeps the process alive, not this
  }

  /** After the fuse thread is gone. */
  close(): void {
    this.#touched.port1.close();
    this.trees.close();
  }
}
