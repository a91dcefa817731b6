import type { MetricSection } from './metric.ts';
import { one } from './samples.ts';

export const processMetrics: MetricSection = {
  title: 'Process and threads',
  metrics: [
    {
      name: 'torrent_fuse_thread_cpu_seconds_total',
      type: 'counter',
      labels: ['thread'],
      unit: 'seconds',
      help: 'CPU time of a thread of the mount, in user and system mode',
      stability: 'experimental',
      samples: ({ threads }) =>
        threads.map(({ name, cpuSeconds }) => ({ labels: { thread: name }, value: cpuSeconds })),
    },
    {
      name: 'torrent_fuse_event_loop_busy_seconds_total',
      type: 'counter',
      labels: [],
      unit: 'seconds',
      help: 'Time that the event loop of the main thread was not idle',
      stability: 'experimental',
      samples: (_, process) => one(process.eventLoopBusySeconds),
    },
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      labels: [],
      unit: 'seconds',
      help: 'CPU time of the process, in user and system mode',
      stability: 'stable',
      samples: (_, process) => one(process.cpuSeconds),
    },
    {
      name: 'process_resident_memory_bytes',
      type: 'gauge',
      labels: [],
      unit: 'bytes',
      help: 'Resident memory of the process, the block cache included',
      stability: 'stable',
      samples: (_, process) => one(process.residentBytes),
    },
    {
      name: 'process_heap_bytes',
      type: 'gauge',
      labels: [],
      unit: 'bytes',
      help: 'JavaScript heap of the main thread',
      stability: 'stable',
      samples: (_, process) => one(process.heapBytes),
    },
    {
      name: 'process_open_fds',
      type: 'gauge',
      labels: [],
      unit: 'descriptors',
      help: 'Open file descriptors',
      stability: 'stable',
      samples: (_, process) => one(process.openDescriptors),
    },
    {
      name: 'process_start_time_seconds',
      type: 'gauge',
      labels: [],
      unit: 'seconds since 1970',
      help: 'When the process started',
      stability: 'stable',
      samples: (_, process) => one(process.startedAtSeconds),
    },
  ],
};
