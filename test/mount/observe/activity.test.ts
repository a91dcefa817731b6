import { expect, test } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { readInBackground, runInBackground } from '../harness/background-reader.ts';
import { LOOPBACK_ONLY } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { runOk } from '../harness/run.ts';

const MiB = 2 ** 20;
const film = makeTorrent({ name: 'film.mkv', content: patternContent(8 * MiB, 'film'), pieceLength: 256 * 1024 });
const lost = makeTorrent({ name: 'lost.mkv', content: patternContent(MiB, 'lost'), pieceLength: 256 * 1024 });

test('status.json tells of the cache, and of reads under way and waiting', async () => {
  const seeder = await Seeder.start({ torrents: [film] });
  const mount = await mountTorrents([film, lost], {
    args: [...LOOPBACK_ONLY, '--peer', seeder.address, '--cache-size', '64M', '--read-timeout', '10m'],
  });
  const activity = async () => {
    const { cache, reads } = JSON.parse(await runOk('cat', [mount.path('.torrent-fuse', 'status.json')]));
    return { cache, reads };
  };
  expect(await activity()).toEqual({
    cache: { capacity_bytes: 64 * MiB, used_bytes: 0, hits: 0, hit_bytes: 0, misses: 0, evictions: 0 },
    reads: { in_flight: 0, waiting: 0, refused: 0, open_files: 0, open_handles: 0, streams: 0 },
  });

  const readTwice =
    'exec 3<"$1" 4<"$1"; for fd in 3 4; do dd bs=65536 count=1 skip=32 status=none <&$fd >/dev/null; done; cat >/dev/null';
  runInBackground('bash', ['-c', readTwice, 'bash', mount.path('film.mkv')]);
  readInBackground(mount.path('lost.mkv'));
  await expect.poll(async () => (await activity()).cache.hits, { timeout: 60_000 }).toBeGreaterThan(0);
  await expect.poll(async () => (await activity()).reads.waiting, { timeout: 60_000 }).toBe(1);
  const { cache, reads } = await activity();
  expect(cache).toMatchObject({ hits: 1, hit_bytes: 65536, misses: 2, evictions: 0 });
  expect(cache.used_bytes).toBeGreaterThanOrEqual(256 * 1024);
  expect(reads).toMatchObject({ in_flight: 1, waiting: 1, open_files: 2, open_handles: 3 });
  expect(reads.streams).toBeGreaterThanOrEqual(1);
});
