import { describe, expect, test } from 'vitest';
import { History } from '../../src/observe/history.ts';
import { latenciesOf, mountSnapshot, operationFigures } from '../fakes/mount-snapshot.ts';

describe('History', () => {
  test('turns counters into speeds, latencies and a hit rate of each interval', () => {
    const history = new History(10);
    const cache = mountSnapshot().cache;
    const at = (atMs: number, bytes: number, latencies: number[], hits: number, misses: number) =>
      mountSnapshot({
        atMs,
        operations: [operationFigures({ bytes, latencies: latenciesOf(...latencies) })],
        cache: { ...cache, hits, misses },
      });
    expect(history.take(at(0, 1000, [5000], 1, 1))).toBeUndefined();
    const sample = history.take(at(2000, 5000, [5000, 1, 1, 1], 4, 2));
    expect(sample).toMatchObject({ atMs: 2000, readSpeed: 2000, hitRate: 0.75 });
    expect(sample?.latencyP99).toBeLessThan(0.003);
  });

  test('has no latency and no hit rate where nothing was read', () => {
    const history = new History(10);
    history.take(mountSnapshot({ atMs: 0 }));
    expect(history.take(mountSnapshot({ atMs: 1000 }))).toMatchObject({
      readSpeed: 0,
      latencyP50: undefined,
      hitRate: undefined,
    });
  });

  test('forgets the oldest', () => {
    const history = new History(3);
    for (let second = 0; second < 9; second++) history.take(mountSnapshot({ atMs: second * 1000 }));
    expect(history.samples.map(({ atMs }) => atMs)).toEqual([6000, 7000, 8000]);
  });
});
