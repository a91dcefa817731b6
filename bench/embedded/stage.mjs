// What the scenarios read: payloads, their torrents, and seeders of them on loopback, one unlimited and one slow.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTorrent, randomTorrent, sparseTorrent, startSeeder, writeRandomFile } from '../swarm.mjs';

const MiB = 2 ** 20;
const SLOW_RATE = 10 * MiB;
const TREE_FILES = 2000;

export async function buildStage() {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-embedded-'));
  const seeders = [];
  const stop = async () => {
    for (const seeder of seeders) await seeder.stop();
    rmSync(scratch, { recursive: true });
  };
  try {
    const payload = join(scratch, 'payload');
    const torrents = {
      big: await randomTorrent(join(payload, 'big.bin'), 256 * MiB),
      small: await randomTorrent(join(payload, 'small.bin'), 32 * MiB),
      sparse: await sparseTorrent(join(payload, 'sparse.bin'), 1024 * MiB),
      tree: await tree(join(payload, 'tree')),
    };
    const paths = Object.values(torrents).map(torrent => torrent.path);
    for (const [host, rate] of [
      ['127.0.0.2', 0],
      ['127.0.0.3', SLOW_RATE],
    ]) {
      seeders.push(await startSeeder({ torrents: paths, payload, host, rate }));
    }
    const [fast, slow] = seeders.map(seeder => seeder.address);
    return { scratch, torrents, fast, slow, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** 2,000 files of about 10 KB, in folders of 50, as they come in a torrent that a client made: in the order of their names. */
async function tree(payload) {
  let bytes = 0;
  for (let index = 0; index < TREE_FILES; index++) {
    const path = join(
      payload,
      `folder ${String(Math.floor(index / 50)).padStart(2, '0')}`,
      `file ${String(index).padStart(4, '0')}`,
    );
    writeRandomFile(path, 1 + ((index * 7919) % 20_480));
    bytes += statSync(path).size;
  }
  return { payload, bytes, path: await makeTorrent(payload, 2 ** 16) };
}
