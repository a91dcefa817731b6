import { describe, expect, test } from 'vitest';
import { metricSections } from '../../../src/observe/metrics/metric-sections.ts';
import { Metrics } from '../../../src/observe/metrics/metrics.ts';
import type { MountSnapshot } from '../../../src/observe/snapshot.ts';
import {
  latenciesOf,
  mountSnapshot,
  operationFigures,
  readFigures,
  torrentFigures,
} from '../../fakes/mount-snapshot.ts';

describe('Metrics', () => {
  test('describe every metric of the table, whatever the mount has', async () => {
    const text = await textOf(mountSnapshot());
    for (const { name, type } of metricSections.flatMap(({ metrics }) => metrics))
      expect(text).toContain(`# TYPE ${name} ${type}\n`);
  });

  test('show a histogram in cumulative buckets, with its sum and count', async () => {
    const text = await textOf(
      mountSnapshot({ operations: [operationFigures({ count: 3, latencies: latenciesOf(0.5, 0.5, 3) })] }),
    );
    const name = 'torrent_fuse_operation_duration_seconds';
    expect(text).toContain(`${name}_bucket{operation="READ",lane="fast",le="0.000256"} 0\n`);
    expect(text).toContain(`${name}_bucket{operation="READ",lane="fast",le="0.001024"} 2\n`);
    expect(text).toContain(`${name}_bucket{operation="READ",lane="fast",le="0.004096"} 3\n`);
    expect(text).toContain(`${name}_bucket{operation="READ",lane="fast",le="+Inf"} 3\n`);
    expect(text).toContain(`${name}_sum{operation="READ",lane="fast"} 0.004\n`);
    expect(text).toContain(`${name}_count{operation="READ",lane="fast"} 3\n`);
  });

  test('sum what both lanes counted where a metric does not tell them apart', async () => {
    const errors = [{ errno: 'EIO', count: 2 }];
    const text = await textOf(
      mountSnapshot({
        operations: ['fast', 'slow'].map(lane => operationFigures({ lane, count: 2, errors, bytes: 10 })),
      }),
    );
    expect(text).toContain('torrent_fuse_operation_errors_total{operation="READ",errno="EIO"} 4\n');
    expect(text).toContain('torrent_fuse_read_bytes_total 20\n');
  });

  test('say nothing of what the engine does not have', async () => {
    const text = await textOf(mountSnapshot());
    expect(text).not.toMatch(/^torrent_fuse_engine_streams_open/m);
    expect(text).not.toMatch(/^torrent_fuse_engine_breaker_state/m);
  });

  test('do not call an engine up that was not asked yet', async () => {
    const engine = { description: 'fake', answers: false, failure: undefined };
    expect(await textOf(mountSnapshot({ engine }))).toContain('\ntorrent_fuse_engine_up 0\n');
  });

  test('count a handle as stalled when no byte came for two seconds', async () => {
    const waiting = (handle: number, idleMs: number) => ({
      infoHash: '1'.repeat(40),
      fileIndex: 0,
      handle,
      start: 0,
      endExclusive: 10,
      sinceMs: 0,
      lastByteMs: 1_700_000_000_000 - idleMs,
      timeoutMs: 30_000,
    });
    const text = await textOf(
      mountSnapshot({ reads: readFigures({ waiting: [waiting(1, 5000), waiting(1, 9000), waiting(2, 1000)] }) }),
    );
    expect(text).toContain('torrent_fuse_reads_waiting 3\n');
    expect(text).toContain('torrent_fuse_readers_stalled 1\n');
  });

  test('bound the series of 1,000 torrents: 50, and one that stands for the others', async () => {
    const torrents = Array.from({ length: 1000 }, (_, i) =>
      torrentFigures({ infoHash: i.toString(16).padStart(40, '0'), name: `torrent ${i}`, downloadSpeed: i }),
    );
    const lines = (await textOf(mountSnapshot({ torrents })))
      .split('\n')
      .filter(line => line.startsWith('torrent_fuse_torrent_download_bytes_per_second{'));
    expect(lines).toHaveLength(51);
    expect(lines[0]).toContain('name="torrent 999"} 999');
    expect(lines.at(-1)).toContain(`name="other"} ${(949 * 950) / 2}`);
  });

  test('keep a hostile name inside its label', async () => {
    const name = 'a"} 1\ntorrent_fuse_fake 1 # \\';
    const text = await textOf(mountSnapshot({ torrents: [torrentFigures({ name })] }));
    expect(text).not.toMatch(/^torrent_fuse_fake/m);
    expect(text).toContain('name="a\\"} 1\\ntorrent_fuse_fake 1 # \\\\"');
  });

  test('do not mix the snapshots of scrapes at once', async () => {
    let files = 0;
    const metrics = new Metrics(() =>
      mountSnapshot({ cache: { ...mountSnapshot().cache, hits: ++files, misses: files } }),
    );
    const texts = await Promise.all([metrics.text(), metrics.text()]);
    expect(texts.map(text => /cache_hits_total (\d)/.exec(text)?.[1])).toEqual(['1', '2']);
    expect(texts.map(text => /cache_misses_total (\d)/.exec(text)?.[1])).toEqual(['1', '2']);
  });
});

function textOf(snapshot: MountSnapshot): Promise<string> {
  return new Metrics(() => snapshot).text();
}
