import { expect, test } from 'vitest';
import { Metrics } from '../../../src/observe/metrics/metrics.ts';
import type { MountSnapshot } from '../../../src/observe/snapshot.ts';
import {
  latenciesOf,
  mountSnapshot,
  operationFigures,
  readFigures,
  torrentFigures,
} from '../../fakes/mount-snapshot.ts';
import { run } from '../harness/run.ts';

test('the metrics pass the lint of promtool', async () => {
  const text = await new Metrics(busyMount).text();
  const verdict = await run('promtool', ['check', 'metrics'], { input: text });
  expect(verdict).toMatchObject({ code: 0, stdout: '', stderr: '' });
});

/** Something for every metric to show. */
function busyMount(): MountSnapshot {
  const latencies = latenciesOf(1, 2, 300, 1e6);
  return mountSnapshot({
    engine: {
      description: 'rqbit 9.0.1 at http://127.0.0.1:3030',
      answers: true,
      failure: undefined,
      breaker: 'closed',
      streams: { open: 2, limit: 6, receivedBytes: 4096 },
      requests: [{ endpoint: 'list', latencies, errors: [{ code: 'read-timeout', count: 1 }] }],
    },
    torrents: [torrentFigures()],
    operations: [operationFigures({ count: 4, latencies, errors: [{ errno: 'EIO', count: 1 }], forwarded: 2 })],
    reads: readFigures({
      counters: {
        ...readFigures().counters,
        waits: latencies,
        deliveredBytes: 10,
        failures: [{ code: 'timeout', count: 1 }],
      },
    }),
    threads: [{ name: 'fuse', cpuSeconds: 1.5 }],
  });
}
