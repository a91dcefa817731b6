import type { MetricSection } from './metric.ts';

export const mountMetrics: MetricSection = {
  title: 'The mount',
  metrics: [
    {
      name: 'torrent_fuse_info',
      type: 'gauge',
      labels: ['version', 'engine'],
      unit: '1',
      help: 'Always 1; the version and the engine are in the labels',
      stability: 'stable',
      samples: ({ mount, engine }) => [{ labels: { version: mount.version, engine: engine.description }, value: 1 }],
    },
  ],
};
