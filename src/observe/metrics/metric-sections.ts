import { cacheMetrics } from './cache-metrics.ts';
import { engineMetrics } from './engine-metrics.ts';
import type { MetricSection } from './metric.ts';
import { mountMetrics } from './mount-metrics.ts';
import { processMetrics } from './process-metrics.ts';
import { readMetrics } from './read-metrics.ts';
import { requestMetrics } from './request-metrics.ts';
import { torrentMetrics } from './torrent-metrics.ts';

/** Every metric of the mount, in the order in which the documentation has them. */
export const metricSections: readonly MetricSection[] = [
  mountMetrics,
  requestMetrics,
  readMetrics,
  cacheMetrics,
  engineMetrics,
  torrentMetrics,
  processMetrics,
];
