import { bytes, latency, type MetricSection } from './metric.ts';
import { one, sum, summed } from './samples.ts';

export const requestMetrics: MetricSection = {
  title: 'Requests of the kernel',
  metrics: [
    {
      name: 'torrent_fuse_operations_total',
      type: 'counter',
      labels: ['operation', 'lane'],
      unit: 'requests',
      help: 'Requests of the kernel that were finished; reads of page cache and passthrough files never reach us',
      stability: 'stable',
      samples: ({ operations }) =>
        operations.map(({ operation, lane, count }) => ({ labels: { operation, lane }, value: count })),
    },
    {
      name: 'torrent_fuse_operation_errors_total',
      type: 'counter',
      labels: ['operation', 'errno'],
      unit: 'requests',
      help: 'Requests of the kernel that were answered with an error number',
      stability: 'stable',
      samples: ({ operations }) =>
        summed(
          operations.flatMap(row =>
            row.errors.map(({ errno, count }) => ({ labels: { operation: row.operation, errno }, value: count })),
          ),
        ),
    },
    {
      name: 'torrent_fuse_operation_duration_seconds',
      ...latency,
      labels: ['operation', 'lane'],
      help: 'From when a request was taken up to its reply, waits for missing pieces included',
      stability: 'stable',
      samples: ({ operations }) =>
        operations
          .filter(row => row.count > 0)
          .map(({ operation, lane, latencies }) => ({ labels: { operation, lane }, latencies })),
    },
    {
      name: 'torrent_fuse_operations_forwarded_total',
      type: 'counter',
      labels: ['operation'],
      unit: 'requests',
      help: 'Requests that memory could not answer at once, handed to the thread that may wait',
      stability: 'experimental',
      samples: ({ operations }) =>
        summed(
          operations
            .filter(row => row.forwarded > 0)
            .map(row => ({ labels: { operation: row.operation }, value: row.forwarded })),
        ),
    },
    {
      name: 'torrent_fuse_operations_in_flight',
      type: 'gauge',
      labels: ['operation'],
      unit: 'requests',
      help: 'Requests of the kernel that are not answered yet',
      stability: 'stable',
      samples: ({ operations }) =>
        summed(operations.map(row => ({ labels: { operation: row.operation }, value: row.inFlight }))),
    },
    {
      name: 'torrent_fuse_read_bytes_total',
      ...bytes,
      labels: [],
      help: 'Bytes given to the kernel in answer to reads, of torrents and of the files in .torrent-fuse',
      stability: 'stable',
      samples: ({ operations }) =>
        one(
          sum(
            operations.filter(row => row.operation === 'READ'),
            row => row.bytes,
          ),
        ),
    },
  ],
};
