// A complete file that the kernel was handed: dd through the mount beside dd of the file itself, alternating, and how many
// requests the mount's process saw meanwhile. Needs root and kernel 6.9.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startMount } from '../mounted.mjs';
import { rounds } from '../rounds.mjs';
import { median } from '../statistics.mjs';
import { makeTorrent, startSeeder, writeRandomFile } from '../swarm.mjs';

const run = promisify(execFile);
const ROUNDS = 7;
const SIZE = 256 * 2 ** 20;

export default async function benchmark({ row, log }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-passthrough-'));
  const stops = [() => rmSync(folder, { recursive: true })];
  try {
    const payload = join(folder, 'payload/file.bin');
    writeRandomFile(payload, SIZE);
    const torrent = await makeTorrent(payload, 2 ** 20);
    const seeder = await startSeeder({ torrents: [torrent], payload: join(folder, 'payload') });
    stops.unshift(() => seeder.stop());
    const mount = await startMount({ folder, sources: [torrent], peer: seeder.address });
    stops.unshift(() => mount.stop());
    const mounted = mount.path('file.bin');
    await read(mounted);
    await setTimeout(1000); // the engine tells that the file is whole
    await read(mounted);
    const calls = mount.readCalls();
    const rates = await rounds(log, {
      name: 'dd',
      count: ROUNDS,
      scenarios: { mounted: () => read(mounted), payload: () => read(payload) },
    });
    const beside = { beside: median(rates.payload), besideName: 'the file itself' };
    row({ measure: 'dd of a complete file', unit: 'MiB/s', ours: median(rates.mounted), ...beside, goal: 0.8 });
    row({ measure: 'read(2) calls of the mount, for each dd', unit: '', ours: (mount.readCalls() - calls) / ROUNDS });
  } finally {
    for (const stop of stops) await stop();
  }
}

async function read(path) {
  const start = performance.now();
  await run('dd', [`if=${path}`, 'of=/dev/null', 'bs=1M', 'status=none']);
  return SIZE / 2 ** 20 / ((performance.now() - start) / 1000);
}
