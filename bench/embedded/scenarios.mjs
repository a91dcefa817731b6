// One measurement each, on a fresh mount with an empty data directory. `stage` names the payloads, torrents and seeders.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { dropCaches, startMount } from '../mounted.mjs';
import { readFigures } from '../read-figures.mjs';
import { PYTHON } from '../swarm.mjs';

const run = promisify(execFile);
const TIMEOUT_MS = 120_000;
const KiB = 2 ** 10;
const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** All of a file that is not held, in order; then again, held and verified, with the page cache dropped; then at random. */
export async function readWhole(stage, { torrent, peer, isWarmToo = false, readSize = MiB }) {
  return withMount(stage, { torrent, peer }, async mount => {
    const path = mount.path(basename(torrent.payload));
    const cpuBefore = mount.cpuSeconds();
    const cold = await read('sequential', path, readSize);
    const cpuSecondsPerGiB = ((mount.cpuSeconds() - cpuBefore) / cold.bytes) * GiB;
    const overDownload = (await mount.fetchedBytes()) / cold.bytes;
    const measured = {
      coldMiBs: rateOf(cold),
      cpuSecondsPerGiB,
      overDownload,
      ...(await readFigures(mount)),
    };
    return isWarmToo ? { ...measured, ...(await readWarm(mount, path, torrent.payload)) } : measured;
  });
}

/** The file is held from here on; how it is opened is the mount's own choice. */
async function readWarm(mount, path, payload) {
  await setTimeout(HASHING_MS);
  dropCaches();
  const cpuBefore = mount.cpuSeconds();
  const warm = await read('sequential', path, MiB);
  const cpuSecondsPerGiB = ((mount.cpuSeconds() - cpuBefore) / warm.bytes) * GiB;
  dropCaches();
  const itself = await read('sequential', payload, MiB);
  dropCaches();
  const random = await read('random', path, 128 * KiB, 200, 1);
  return {
    warmMiBs: rateOf(warm),
    warmItselfMiBs: rateOf(itself),
    warmCpuSecondsPerGiB: cpuSecondsPerGiB,
    warmRandomMs: random.latencies_ms,
  };
}

/** From the start of the mount's process, and from when it is ready, to the first 64 KiB. */
export async function readFirst(stage, { torrent, peer }) {
  const start = performance.now();
  return withMount(stage, { torrent, peer }, async mount => {
    const ready = performance.now();
    await run('dd', [
      `if=${mount.path(basename(torrent.payload))}`,
      'of=/dev/null',
      'bs=64K',
      'count=1',
      'status=none',
    ]);
    const end = performance.now();
    return { fromReadyMs: end - ready, fromStartMs: end - start, fetchedMiB: (await mount.fetchedBytes()) / MiB };
  });
}

/** Reads at random offsets of a file of which nothing is held. */
export async function seek(stage, { torrent, peer, count, size }) {
  return withMount(stage, { torrent, peer }, async mount => {
    const path = mount.path(basename(torrent.payload));
    await read('random', path, size, 1, 99); // the connection is there, and chokes us no more
    const before = await mount.fetchedBytes();
    const { latencies_ms: latenciesMs } = await read('random', path, size, count, 7);
    const fetched = (await mount.fetchedBytes()) - before;
    return { latenciesMs, fetchedMiB: fetched / MiB };
  });
}

/** Copies a tree of small files. */
export async function copyTree(stage, { torrent, peer }) {
  return withMount(stage, { torrent, peer }, async mount => {
    const target = join(stage.scratch, 'copy');
    const cpuBefore = mount.cpuSeconds();
    const seconds = await secondsOf('cp', ['-r', mount.path(basename(torrent.payload)), target]);
    const cpuSeconds = mount.cpuSeconds() - cpuBefore;
    await run('diff', ['-r', torrent.payload, target]);
    rmSync(target, { recursive: true });
    const fetched = await mount.fetchedBytes();
    await setTimeout(HASHING_MS);
    dropCaches();
    const warmSeconds = await secondsOf('cp', ['-r', mount.path(basename(torrent.payload)), target]);
    rmSync(target, { recursive: true });
    return { seconds, cpuSeconds, fetchedMiB: fetched / MiB, warmSeconds };
  });
}

/** The same torrent from the same seeder without a mount: by the embedded engine alone, or by libtorrent. */
export async function downloadPlainly(stage, { client, torrent, peer }) {
  const [command, script] =
    client === 'libtorrent' ? [PYTHON, 'plain_libtorrent.py'] : [process.execPath, 'plain-engine.mjs'];
  const folder = mkdtempSync(join(stage.scratch, 'plain-'));
  try {
    const program = join(import.meta.dirname, script);
    const { stdout } = await run(command, [program, torrent.path, folder, peer], { timeout: TIMEOUT_MS });
    const { seconds, cpu_seconds: cpuSeconds } = JSON.parse(stdout);
    return { mibs: torrent.bytes / MiB / seconds, cpuSecondsPerGiB: (cpuSeconds / torrent.bytes) * GiB };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withMount(stage, { torrent, peer }, measure) {
  const folder = mkdtempSync(join(stage.scratch, 'mount-'));
  try {
    const mount = await startMount({ folder, sources: [torrent.path], peer });
    try {
      return await measure(mount);
    } finally {
      await mount.stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function read(...parameters) {
  const program = join(import.meta.dirname, '../measure.py');
  const { stdout } = await run(PYTHON, [program, ...parameters.map(String)], { timeout: TIMEOUT_MS });
  return JSON.parse(stdout);
}

async function secondsOf(command, parameters) {
  const start = performance.now();
  await run(command, parameters, { timeout: TIMEOUT_MS });
  return (performance.now() - start) / 1000;
}

function rateOf({ bytes, seconds }) {
  return bytes / MiB / seconds;
}

/** A complete file is hashed in the background after its first open; 256 MiB take half a second. */
const HASHING_MS = 2000;
