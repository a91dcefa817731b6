import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addLatencies,
  LatencyHistogram,
  latenciesSince,
  latencyBucket,
  latencyBucketEnd,
  latencyBuckets,
  latencyCells,
  latencyCount,
  latencyQuantile,
  noLatencies,
} from '../../src/util/latency-histogram.ts';

describe('LatencyHistogram', () => {
  test('puts a duration into the one bucket whose bounds enclose it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), milliseconds => {
        const bucket = latencyBucket(milliseconds);
        expect(milliseconds / 1000).toBeLessThan(latencyBucketEnd(bucket));
        if (bucket > 0) expect(milliseconds / 1000).toBeGreaterThanOrEqual(latencyBucketEnd(bucket - 1) * (1 - 1e-9));
      }),
    );
  });

  test('sums what it records, in seconds', () => {
    const histogram = new LatencyHistogram();
    for (const milliseconds of [0.5, 1.5, 2000]) histogram.record(milliseconds);
    expect(histogram.snapshot().sumSeconds).toBeCloseTo(2.002);
    expect(latencyCount(histogram.snapshot())).toBe(3);
  });

  test('is seen by another thread that views the same memory', () => {
    const memory = new Float64Array(new SharedArrayBuffer(latencyCells * 8));
    new LatencyHistogram(memory).record(3);
    expect(latencyCount(new LatencyHistogram(memory).snapshot())).toBe(1);
  });

  test('keeps a duration beyond all bounds in the last bucket', () => {
    expect(latencyBucket(3_600_000)).toBe(latencyBuckets - 1);
    expect(latencyBucket(1e12)).toBe(latencyBuckets - 1);
  });
});

describe('snapshots', () => {
  test('tell what came between two of them', () => {
    const histogram = new LatencyHistogram();
    histogram.record(1);
    const earlier = histogram.snapshot();
    histogram.record(8);
    const between = latenciesSince(earlier, histogram.snapshot());
    expect(latencyCount(between)).toBe(1);
    expect(addLatencies(earlier, between).counts).toEqual(histogram.snapshot().counts);
  });

  test('give quantiles within a factor of two', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.002, max: 50_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (durations, quantile) => {
          const histogram = new LatencyHistogram();
          for (const duration of durations) histogram.record(duration);
          const sorted = durations.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(quantile * sorted.length - 1e-9) - 1)] as number;
          const estimate = (latencyQuantile(histogram.snapshot(), quantile) as number) * 1000;
          expect(estimate).toBeGreaterThanOrEqual(exact / 2.001);
          expect(estimate).toBeLessThanOrEqual(exact * 2.001);
        },
      ),
    );
  });

  test('have no quantile while they are empty', () => {
    expect(latencyQuantile(noLatencies, 0.5)).toBeUndefined();
  });
});
