import type { LatencySnapshot } from '../../util/latency-histogram.ts';
import type { MountSnapshot } from '../snapshot.ts';
import type { ProcessFigures } from './process-figures.ts';

/**
 * A metric of the mount: what it is called, what it means, and how it is derived. A `stable` one keeps its name, labels, unit
 * and meaning until the next major version; an `experimental` one may change with any release, and the changelog says so.
 */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly unit: string;
  readonly help: string;
  readonly stability: 'stable' | 'experimental';
  /** What it shows of a snapshot; nothing at all where the mount has no such thing. */
  readonly samples: (snapshot: MountSnapshot, process: ProcessFigures) => readonly MetricSample[];
}

/** Metrics that the documentation has under one heading. */
export interface MetricSection {
  readonly title: string;
  readonly metrics: readonly Metric[];
}

/** One line of a counter or gauge, or the lines of one histogram. */
export type MetricSample =
  | { readonly labels: MetricLabels; readonly value: number }
  | { readonly labels: MetricLabels; readonly latencies: LatencySnapshot };

export type MetricLabels = Readonly<Record<string, string>>;

export const latency = { type: 'histogram', unit: 'seconds' } as const;
export const bytes = { type: 'counter', unit: 'bytes' } as const;
