import { Gauge, type MetricObjectWithValues, type MetricType, type MetricValue, Registry } from 'prom-client';
import { type LatencySnapshot, latencyBucketEnd, latencyBuckets } from '../../util/latency-histogram.ts';
import type { MountSnapshot } from '../snapshot.ts';
import type { Metric, MetricLabels, MetricSample } from './metric.ts';
import { metricSections } from './metric-sections.ts';
import { type ProcessFigures, readProcessFigures } from './process-figures.ts';

/**
 * The metrics of the mount as Prometheus text. They are pulled: nothing is counted here, each scrape takes one snapshot and
 * derives every line from it.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #metrics: readonly PulledMetric[];
  readonly #snapshot: () => MountSnapshot;

  constructor(snapshot: () => MountSnapshot) {
    this.#snapshot = snapshot;
    this.#metrics = metricSections.flatMap(({ metrics }) => metrics.map(metric => new PulledMetric(metric)));
    for (const metric of this.#metrics) this.#registry.registerMetric(metric);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    const snapshot = this.#snapshot();
    const process = readProcessFigures();
    for (const metric of this.#metrics) metric.pull(snapshot, process);
    // Every value is taken from the metrics before the first turn of the event loop, so concurrent calls do not mix.
    return this.#registry.metrics();
  }
}

/** A metric of prom-client whose values are given to it as a whole, instead of being counted up one by one. */
class PulledMetric extends Gauge {
  readonly #metric: Metric;
  #samples: readonly MetricSample[] = [];

  constructor(metric: Metric) {
    super({ name: metric.name, help: metric.help, labelNames: [...metric.labels], registers: [] });
    this.#metric = metric;
  }

  pull(snapshot: MountSnapshot, process: ProcessFigures): void {
    this.#samples = this.#metric.samples(snapshot, process);
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const { name, help, type } = this.#metric;
    return {
      name,
      help: `${help}.`,
      type: type as unknown as MetricType, // declared as a numeric enum, but a string in the library itself
      aggregator: 'sum',
      collect: () => {},
      values: this.#samples.flatMap<MetricValue<string>>(sample =>
        'value' in sample ? [{ ...sample }] : histogramLines(name, sample.labels, sample.latencies),
      ),
    };
  }
}

interface HistogramLine {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Every other bucket is shown, to keep the number of series low; the counts in them are cumulative. */
function histogramLines(name: string, labels: MetricLabels, latencies: LatencySnapshot): HistogramLine[] {
  const lines: HistogramLine[] = [];
  let count = 0;
  for (let bucket = 0; bucket < latencyBuckets; bucket++) {
    count += latencies.counts[bucket] ?? 0;
    const end = latencyBucketEnd(bucket);
    const le = Number.isFinite(end) ? end : '+Inf';
    if (bucket % 2 === 0 || le === '+Inf')
      lines.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count });
  }
  lines.push({ metricName: `${name}_sum`, labels, value: latencies.sumSeconds });
  lines.push({ metricName: `${name}_count`, labels, value: count });
  return lines;
}
