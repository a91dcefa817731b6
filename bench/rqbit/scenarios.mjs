// One measurement each, on a mount of its own: neither its cache nor the kernel's knows the file.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startMount } from '../mounted.mjs';
import { readFigures } from '../read-figures.mjs';
import { startRqbit } from '../rqbit-server.mjs';
import { PYTHON } from '../swarm.mjs';

const run = promisify(execFile);
const KiB = 2 ** 10;
const MiB = 2 ** 20;
const MEASURE = join(import.meta.dirname, '../measure.py');
const PLAYER = join(import.meta.dirname, '../../test/mount/harness/player.py');

/** By curl's own clock. */
export async function measureCurl({ stream, heldBytes }) {
  const format = '%{time_starttransfer} %{time_total}';
  const { stdout } = await run('curl', ['-sS', '-o', '/dev/null', '-w', format, stream]);
  const [firstByte, total] = stdout.split(' ').map(Number);
  return { rate: heldBytes / MiB / total, firstByteMs: firstByte * 1000 };
}

/** Of a file that the server holds: over HTTP as nobody, else from its folder. */
export async function measureMount({ scratch, rqbit, heldBytes }, { asNobody }) {
  return inFolder(scratch, async folder => {
    const mount = await startMount({ folder, rqbit, asNobody });
    try {
      const path = mount.path('held.bin');
      await mount.untilListed(['held.bin']);
      const [firstByteMs, seconds] = (await mount.run(PYTHON, ['-c', READER, path])).split(' ').map(Number);
      const figures = await readFigures(mount);
      const fetched = await fetchedFor(mount);
      const again = JSON.parse(await mount.run(PYTHON, [MEASURE, 'sequential', path, `${MiB}`]));
      return {
        firstByteMs,
        rate: heldBytes / MiB / seconds,
        againRate: heldBytes / MiB / again.seconds,
        overDownload: fetched / heldBytes,
        ...figures,
      };
    } finally {
      await mount.stop();
    }
  });
}

/** For the reader, over HTTP or from local files. */
async function fetchedFor(mount) {
  const metrics = await mount.metrics();
  const local = metrics.get('torrent_fuse_fetched_bytes_total{source="local"}');
  return metrics.get('torrent_fuse_engine_stream_received_bytes_total') + local;
}

/** Milliseconds from open to the first byte, and seconds of dd. */
const READER = `
import os, subprocess, sys, time
path = sys.argv[1]
start = time.monotonic()
fd = os.open(path, os.O_RDONLY)
os.read(fd, 1)
first = (time.monotonic() - start) * 1000
os.close(fd)
start = time.monotonic()
subprocess.run(["dd", "if=" + path, "of=/dev/null", "bs=1M", "status=none"], check=True)
print(first, time.monotonic() - start)
`;

export function readInOrder(stage) {
  return onDemand(stage, stage.whole, async (mount, path) => {
    const { bytes, seconds } = JSON.parse(await mount.run(PYTHON, [MEASURE, 'sequential', path, `${MiB}`]));
    return { rate: bytes / MiB / seconds, overDownload: (await fetchedFor(mount)) / bytes };
  });
}

export function fetchHead(stage) {
  return onDemand(stage, stage.sparse, mount =>
    mount.run('bash', ['-c', 'head -c 64K "$1" >/dev/null', 'bash', mount.path('sparse.bin')]),
  );
}

export function readAtRandom(stage) {
  return onDemand(stage, stage.sparse, (mount, path) =>
    mount.run(PYTHON, [MEASURE, 'random', path, `${64 * KiB}`, '20', '7']),
  );
}

/** Reads 6 MiB as a player does, then pauses with the file open. */
export function pausePlayer(stage) {
  return onDemand(stage, stage.sparse, async (mount, path, rqbit) => {
    const player = mount.spawn(PYTHON, [PLAYER, path, `${6 * MiB}`]);
    const gone = once(player, 'exit');
    await once(player.stdout, 'data');
    await setTimeout(PAUSE_MS);
    const counted = await counts(mount, rqbit);
    player.stdin.end();
    await gone;
    return counted;
  });
}

/** Longer than the mount keeps a stream that nobody reads. */
const PAUSE_MS = 6000;

/** A server that holds nothing yet, and a mount that has its bytes over HTTP alone. */
function onDemand(stage, torrent, measure) {
  return inFolder(stage.scratch, async folder => {
    const rqbit = await startRqbit(folder);
    const parts = {
      folder,
      sources: [torrent.path],
      peer: stage.peer,
      rqbit,
      asNobody: true,
      args: ['--rqbit-on-demand'],
    };
    const mount = await startMount(parts);
    try {
      const name = basename(torrent.payload);
      await mount.untilListed([name]);
      const measured = await measure(mount, mount.path(name), rqbit);
      return { ...(await counts(mount, rqbit)), ...(await readFigures(mount)), ...measured };
    } finally {
      await mount.stop();
      await rqbit.stop();
    }
  });
}

async function counts(mount, rqbit) {
  await setTimeout(1000); // what was asked for is on its way
  return {
    httpMiB: (await mount.metric('torrent_fuse_engine_stream_received_bytes_total')) / MiB,
    rqbitMiB: (await rqbit.fetchedBytes()) / MiB,
  };
}

async function inFolder(scratch, work) {
  const folder = mkdtempSync(join(scratch, 'mount-'));
  chmodSync(folder, 0o755);
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
