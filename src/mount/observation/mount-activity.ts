import type { MountActivity } from '../../fs/mount-status.ts';
import type { FuseMount } from '../../fuse/index.ts';
import type { TorrentReader } from '../../read/torrent-reader.ts';

/** Cache and reads as `status.json` tells of them. Asks memory only. */
export function mountActivity(reader: TorrentReader, fuse: FuseMount | undefined): MountActivity {
  const { cache, waitingReads, refusedReads, openFiles, openHandles, openStreams } = reader.statistics();
  const reads = fuse?.operations().filter(({ operation }) => operation === 'READ') ?? [];
  return {
    cache: {
      capacity_bytes: cache.capacityBytes,
      used_bytes: cache.usedBytes,
      hits: cache.fastHits,
      hit_bytes: cache.fastBytes,
      misses: cache.fastMisses,
      evictions: cache.evicted,
    },
    reads: {
      in_flight: reads.reduce((sum, { inFlight }) => sum + inFlight, 0),
      waiting: waitingReads,
      refused: refusedReads,
      open_files: openFiles,
      open_handles: openHandles,
      streams: openStreams,
    },
  };
}
