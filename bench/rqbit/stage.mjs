// Servers and payloads: one server that holds a file; a seeder of files for servers that are started without any.
import { copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { startRqbit } from '../rqbit-server.mjs';
import { randomTorrent, sparseTorrent, startSeeder } from '../swarm.mjs';

const MiB = 2 ** 20;
const HELD_BYTES = 256 * MiB;
const WHOLE_BYTES = 96 * MiB;

export async function buildStage(scratch) {
  const payload = join(scratch, 'payload');
  const held = await randomTorrent(join(payload, 'held.bin'), HELD_BYTES);
  const whole = await randomTorrent(join(payload, 'whole.bin'), WHOLE_BYTES);
  const sparse = await sparseTorrent(join(payload, 'sparse.bin'), 1024 * MiB);
  const seeder = await startSeeder({ torrents: [whole.path, sparse.path], payload });
  const rqbit = await startRqbit(mkdtempSync(join(scratch, 'held-')));
  const stop = async () => {
    await rqbit.stop();
    await seeder.stop();
  };
  copyFileSync(held.payload, join(rqbit.downloads, 'held.bin'));
  const stream = rqbit.streamUrl(await rqbit.add(held.path));
  return { scratch, rqbit, stream, heldBytes: HELD_BYTES, whole, sparse, peer: seeder.address, stop };
}
