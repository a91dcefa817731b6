// A healthy torrent of small files to look at and large ones to read, and a dead one that nobody seeds.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMount } from '../mounted.mjs';
import { startRqbit } from '../rqbit-server.mjs';
import { makeTorrent, startSeeder, writeRandomFile } from '../swarm.mjs';

const MiB = 2 ** 20;
export const NAMES = 2000;
export const LARGE_BYTES = 48 * MiB;
/** Each reader that waits has a piece of its own. */
export const DEAD_PIECE = 2 ** 16;

/** @param reads how many times something large is read: each time another file, so that no cache has it */
export function buildStage(reads) {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-blocked-'));
  chmodSync(scratch, 0o755);
  const healthy = join(scratch, 'payload/healthy');
  for (let index = 0; index < NAMES; index++) writeRandomFile(join(healthy, 'names', `${index}`), 1000);
  for (let index = 0; index < reads; index++) writeRandomFile(join(healthy, largeName(index)), LARGE_BYTES);
  const dead = join(scratch, 'payload/dead.bin');
  writeRandomFile(dead, 48 * MiB);
  return { scratch, healthy, dead, stop: () => rmSync(scratch, { recursive: true }) };
}

export async function makeTorrents(stage) {
  const healthy = await makeTorrent(stage.healthy, MiB);
  return { healthy, dead: await makeTorrent(stage.dead, DEAD_PIECE) };
}

/** In the order of the torrent. All of them are in front of the names: their pieces hold nothing of a thousand small files. */
export function largeName(index) {
  return `large/${`${index}`.padStart(3, '0')}`;
}

/** The healthy torrent comes from a seeder; every read of it is the first. */
export async function mountEmbedded({ scratch }, torrents) {
  const seeder = await startSeeder({ torrents: [torrents.healthy], payload: join(scratch, 'payload') });
  const folder = mkdtempSync(join(scratch, 'embedded-'));
  const mount = await startMount({ folder, sources: Object.values(torrents), peer: seeder.address });
  const stop = async () => {
    await mount.stop();
    await seeder.stop();
    rmSync(folder, { recursive: true });
  };
  return { mount, stop };
}

/** The server holds the healthy torrent, with its default of 8 permits; the mount has its bytes over HTTP alone. */
export async function mountOverRqbit({ scratch, healthy }, torrents) {
  const folder = mkdtempSync(join(scratch, 'rqbit-'));
  chmodSync(folder, 0o755);
  const rqbit = await startRqbit(folder);
  execFileSync('cp', ['-al', healthy, rqbit.downloads]);
  for (const torrent of Object.values(torrents)) await rqbit.add(torrent);
  const mount = await startMount({ folder, rqbit, asNobody: true });
  const stop = async () => {
    await mount.stop();
    await rqbit.stop();
    rmSync(folder, { recursive: true });
  };
  return { mount, stop };
}
