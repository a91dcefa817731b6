import { describe, expect, test } from 'vitest';
import { ReadError } from '../../src/read/errors.ts';
import { ReadMeter } from '../../src/read/read-meter.ts';
import { latencyCount } from '../../src/util/latency-histogram.ts';

describe('ReadMeter', () => {
  test('times a read to its end, and to the first of its bytes', async () => {
    let now = 0;
    const meter = new ReadMeter(() => now);
    const answer = await meter.measure(async firstByteCame => {
      now += 1000;
      firstByteCame();
      now += 2000;
      firstByteCame();
      return 'bytes';
    });
    expect(answer).toBe('bytes');
    expect(meter.figures()).toMatchObject({ waits: { sumSeconds: 3 }, firstBytes: { sumSeconds: 1 }, failures: [] });
  });

  test('counts failures by what they were, and those who left as cancelled', async () => {
    const meter = new ReadMeter(() => 0);
    const failures = [new ReadError('timeout', ''), new ReadError('timeout', ''), new DOMException('', 'AbortError')];
    for (const failure of failures) {
      await expect(meter.measure(() => Promise.reject(failure))).rejects.toBe(failure);
    }
    const { waits, firstBytes, failures: counted } = meter.figures();
    expect(latencyCount(waits)).toBe(3);
    expect(latencyCount(firstBytes)).toBe(0);
    expect(counted).toEqual([
      { code: 'timeout', count: 2 },
      { code: 'cancelled', count: 1 },
    ]);
  });
});
