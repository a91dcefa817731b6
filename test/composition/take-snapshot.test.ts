import { expect, it } from 'vitest';
import { readCounters } from '../../src/mount/observation/take-snapshot.ts';
import { KiB, ReaderRig } from '../read/reader-rig.ts';

it('a read that is turned away is one failure', async () => {
  const rig = new ReaderRig({ admission: { perTorrent: 1, total: 1 } });
  const { torrent, handle } = rig.openNew({ length: 64 * KiB });
  torrent.peers = 0;
  const waiting = rig.read(handle, 0, 10).catch(() => {});
  await rig.settle();
  await expect(rig.read(handle, 32 * KiB, 10)).rejects.toThrow();
  expect(readCounters(rig).failures).toEqual([{ code: 'too-many-waiters', count: 1 }]);
  await rig.reader.stop();
  await waiting;
});
