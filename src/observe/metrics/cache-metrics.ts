import { bytes, type MetricSection } from './metric.ts';
import { one } from './samples.ts';

export const cacheMetrics: MetricSection = {
  title: 'The block cache',
  metrics: [
    {
      name: 'torrent_fuse_cache_hits_total',
      type: 'counter',
      labels: [],
      unit: 'reads',
      help: 'Reads that the cache answered at once',
      stability: 'stable',
      samples: ({ cache }) => one(cache.hits),
    },
    {
      name: 'torrent_fuse_cache_hit_bytes_total',
      ...bytes,
      labels: [],
      help: 'Bytes of the reads that the cache answered at once',
      stability: 'stable',
      samples: ({ cache }) => one(cache.hitBytes),
    },
    {
      name: 'torrent_fuse_cache_misses_total',
      type: 'counter',
      labels: [],
      unit: 'reads',
      help: 'Reads that the cache could not answer at once',
      stability: 'stable',
      samples: ({ cache }) => one(cache.misses),
    },
    {
      name: 'torrent_fuse_cache_evictions_total',
      type: 'counter',
      labels: [],
      unit: 'blocks',
      help: 'Blocks that made room for others',
      stability: 'stable',
      samples: ({ cache }) => one(cache.evictions),
    },
    {
      name: 'torrent_fuse_cache_used_bytes',
      type: 'gauge',
      labels: [],
      unit: 'bytes',
      help: 'Bytes that the cache holds',
      stability: 'stable',
      samples: ({ cache }) => one(cache.usedBytes),
    },
    {
      name: 'torrent_fuse_cache_capacity_bytes',
      type: 'gauge',
      labels: [],
      unit: 'bytes',
      help: 'Bytes that the cache may hold',
      stability: 'stable',
      samples: ({ cache }) => one(cache.capacityBytes),
    },
  ],
};
