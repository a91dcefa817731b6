import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Content, patternContent, sparseContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { LOOPBACK_ONLY, MountProcess } from '../harness/mount-process.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const PIECE = MiB;

/** A mount of one file, of which nothing is held, and what its engine has fetched since. */
async function mountOf(content: Content) {
  const folder = await scratchFolder();
  const torrent = makeTorrent({ name: 'file', content, pieceLength: PIECE });
  const seeder = await Seeder.start({ torrents: [torrent] });
  const source = join(folder, 'file.torrent');
  await writeFile(source, torrent.bytes);
  const mount = await MountProcess.start({
    sources: [source],
    mountpoint: join(folder, 'mnt'),
    dataDir: join(folder, 'data'),
    args: [...LOOPBACK_ONLY, '--peer', seeder.address, '--status-poll-interval', '100ms'],
  });
  return { path: mount.path('file'), fetched: () => fetchedBytes(mount) };
}

/** Once it stands still: what was asked for may be on its way. */
async function fetchedBytes(mount: MountProcess): Promise<number> {
  for (let before = -1; ; ) {
    await runOk('sleep', ['0.5']);
    const status = await runOk('cat', [mount.path('.torrent-fuse', 'status.json')]);
    const now = Number(/"fetched_bytes": ?(\d+)/.exec(status)?.[1]);
    if (now === before) return now;
    before = now;
  }
}

test('reading all of a file in order fetches little more than the file', async () => {
  const { path, fetched } = await mountOf(patternContent(48 * MiB + 12_345));
  await runOk('cksum', [path]);
  expect(await fetched()).toBeLessThanOrEqual(1.15 * (48 * MiB + 12_345));
});

test('the first 64 KiB of a gibibyte fetch at most 4 MiB', async () => {
  const { path, fetched } = await mountOf(sparseContent(2 ** 30, []));
  await runOk('bash', ['-c', 'head -c 64K "$1" | cksum', 'bash', path]);
  const bytes = await fetched();
  expect(bytes).toBeGreaterThanOrEqual(64 * KiB);
  expect(bytes).toBeLessThanOrEqual(4 * MiB);
});

test('20 reads at random fetch their pieces and little else', async () => {
  const { path, fetched } = await mountOf(sparseContent(2 ** 30, []));
  for (let read = 0; read < 20; read++) {
    const skip = (read * 7919) % (2 ** 30 / (64 * KiB));
    await runOk('dd', [`if=${path}`, 'of=/dev/null', 'bs=64K', `skip=${skip}`, 'count=1', 'status=none']);
  }
  expect(await fetched()).toBeLessThanOrEqual(20 * (PIECE + MiB));
});
