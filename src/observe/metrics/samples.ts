import type { MetricLabels, MetricSample } from './metric.ts';

export function one(value: number): MetricSample[] {
  return [{ labels: {}, value }];
}

export function optional(value: number | undefined): MetricSample[] {
  return value === undefined ? [] : one(value);
}

/** One line for each set of labels: a series may not stand twice in the output. */
export function summed(lines: readonly { readonly labels: MetricLabels; readonly value: number }[]): MetricSample[] {
  const byLabels = new Map<string, { labels: MetricLabels; value: number }>();
  for (const { labels, value } of lines) {
    const key = JSON.stringify(labels);
    byLabels.set(key, { labels, value: value + (byLabels.get(key)?.value ?? 0) });
  }
  return [...byLabels.values()];
}

export function sum<T>(rows: readonly T[], value: (row: T) => number): number {
  return rows.reduce((total, row) => total + value(row), 0);
}
