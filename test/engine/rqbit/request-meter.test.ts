import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../src/engine/index.ts';
import { RequestMeter } from '../../../src/engine/rqbit/request-meter.ts';
import { latencyCount } from '../../../src/util/latency-histogram.ts';

describe('RequestMeter', () => {
  test('counts calls by endpoint, whatever torrent they name', async () => {
    const meter = new RequestMeter();
    for (const digit of '0123') await meter.measure('GET', `/torrents/${digit.repeat(40)}/haves`, async () => 'bits');
    expect(await meter.measure('GET', '/torrents', async () => 'rows')).toBe('rows');
    const [haves, list, ...others] = meter.figures();
    expect(others).toEqual([]);
    expect(haves?.endpoint).toBe('GET /torrents/{torrent}/haves');
    expect(haves && latencyCount(haves.latencies)).toBe(4);
    expect(list).toMatchObject({ endpoint: 'GET /torrents', errors: [] });
  });

  test('counts failures by what they were, and passes them on', async () => {
    const meter = new RequestMeter();
    const failures = [new EngineError('read-timeout', ''), new DOMException('', 'AbortError')];
    for (const failure of failures) {
      await expect(meter.measure('POST', '/torrents', () => Promise.reject(failure))).rejects.toBe(failure);
    }
    const [figures] = meter.figures();
    expect(figures && latencyCount(figures.latencies)).toBe(2);
    expect(figures?.errors).toEqual([
      { code: 'read-timeout', count: 1 },
      { code: 'cancelled', count: 1 },
    ]);
  });
});
