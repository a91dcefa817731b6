// From SIGINT to the end of a program that waits in read(2) for bytes which nobody has, over the embedded engine. Promised is
// at most 100 ms: a ratio below 1 keeps it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startMount } from '../mounted.mjs';
import { median } from '../statistics.mjs';
import { makeTorrent, PYTHON, writeRandomFile } from '../swarm.mjs';

const ROUNDS = 11;
const PROMISED_MS = 100;
const readers = {
  dd: path => ['dd', [`if=${path}`, 'of=/dev/null', 'bs=64K', 'status=none']],
  cat: path => ['cat', [path]],
  Python: path => [PYTHON, ['-c', 'import sys; open(sys.argv[1], "rb").read()', path]],
};

export default async function benchmark({ row }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-interrupt-'));
  const stops = [() => rmSync(folder, { recursive: true })];
  try {
    const payload = join(folder, 'file.bin');
    writeRandomFile(payload, 2 ** 22);
    const torrent = await makeTorrent(payload, 2 ** 18);
    const mount = await startMount({ folder, sources: [torrent], args: ['--read-timeout', '10m'] });
    stops.unshift(() => mount.stop());
    for (const [name, command] of Object.entries(readers)) {
      const times = [];
      for (let round = 0; round < ROUNDS; round++) times.push(await interrupted(mount.path('file.bin'), command));
      const promised = { beside: PROMISED_MS, besideName: 'what is promised' };
      row({ measure: `SIGINT to the end of a waiting ${name}, median`, unit: 'ms', ours: median(times), ...promised });
      row({ measure: `the same, the slowest of ${ROUNDS}`, unit: 'ms', ours: Math.max(...times), ...promised });
    }
  } finally {
    for (const stop of stops) await stop();
  }
}

async function interrupted(path, command) {
  const reader = spawn(...command(path), { stdio: 'ignore' });
  const gone = once(reader, 'exit');
  while (!isReading(reader.pid, path)) await setTimeout(20);
  await setTimeout(50); // the request is with the mount
  const start = performance.now();
  reader.kill('SIGINT');
  await gone;
  return performance.now() - start;
}

/** Whether it is in read(2), system call 0, of the file. */
function isReading(pid, path) {
  const [call, descriptor] = readFileSync(`/proc/${pid}/syscall`, 'utf8').split(' ');
  if (call !== '0') return false;
  try {
    return readlinkSync(`/proc/${pid}/fd/${Number(descriptor)}`) === path;
  } catch {
    return false; // closed meanwhile
  }
}
