// Servers and payloads: one server that holds a file; a seeder of files for servers that are started without any.
import { copyFileSync, mkdtempSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRqbit } from '../rqbit-server.mjs';
import { makeTorrent, startSeeder, writeRandomFile } from '../swarm.mjs';

const MiB = 2 ** 20;
const HELD_BYTES = 256 * MiB;
const WHOLE_BYTES = 96 * MiB;

export async function buildStage(scratch) {
  const payload = join(scratch, 'payload');
  const held = await single(join(payload, 'held.bin'), HELD_BYTES);
  const whole = await single(join(payload, 'whole.bin'), WHOLE_BYTES);
  const sparse = await emptyOf(join(payload, 'sparse.bin'), 1024 * MiB);
  const seeder = await startSeeder({ torrents: [whole, sparse], payload });
  const rqbit = await startRqbit(mkdtempSync(join(scratch, 'held-')));
  const stop = async () => {
    await rqbit.stop();
    await seeder.stop();
  };
  copyFileSync(join(payload, 'held.bin'), join(rqbit.downloads, 'held.bin'));
  const stream = rqbit.streamUrl(await rqbit.add(held));
  return { scratch, rqbit, stream, heldBytes: HELD_BYTES, whole, wholeMiB: 96, sparse, peer: seeder.address, stop };
}

async function single(path, bytes) {
  writeRandomFile(path, bytes);
  return makeTorrent(path, MiB);
}

async function emptyOf(path, bytes) {
  await writeFile(path, '');
  await truncate(path, bytes);
  return makeTorrent(path, MiB);
}
