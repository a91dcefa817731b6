// Our FUSE server beside libfuse3 in C, both with a filesystem that does nothing, so that only the server is measured. Both
// stay mounted, and short rounds alternate between them, because the machine's speed drifts.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer } from '../child-server.mjs';
import { median } from '../statistics.mjs';

const run = promisify(execFile);
const here = import.meta.dirname;
const ROUNDS = 15;
const GOAL = 0.75;

const measures = [
  { name: 'seq', measure: 'sequential read, buffered', unit: 'MiB/s' },
  { name: 'rand4k', measure: 'random read of 4 KiB', unit: '1/s' },
  { name: 'getattr', measure: 'getattr', unit: '1/s' },
  { name: 'stat', measure: 'stat of a new name', unit: '1/s' },
];

export default async function benchmark({ row, log }) {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-null-fs-'));
  const servers = [];
  try {
    await compile(scratch);
    servers.push(await start('ours', scratch, process.execPath, [join(here, 'serve.mjs')]));
    servers.push(await start('c', scratch, join(scratch, 'null-fs'), ['-f', '-s', '-o', 'default_permissions']));
    const results = await alternate(servers, join(scratch, 'load'), log);
    for (const { name, ...labels } of measures) {
      const [ours, beside] = servers.map(server => median(results.get(`${server.name} ${name}`)));
      row({ ...labels, ours, beside, besideName: 'libfuse3 in C, one thread', goal: GOAL });
    }
  } finally {
    for (const server of servers) await server.stop();
    rmSync(scratch, { recursive: true });
  }
}

async function compile(folder) {
  const { stdout } = await run('pkg-config', ['--cflags', '--libs', 'fuse3']);
  const flags = stdout.trim().split(/\s+/);
  await run('gcc', ['-O2', '-Wall', '-o', join(folder, 'null-fs'), join(here, 'null-fs.c'), ...flags]);
  await run('gcc', ['-O2', '-Wall', '-o', join(folder, 'load'), join(here, 'load.c')]);
}

async function start(name, folder, command, args) {
  const mountpoint = join(folder, `mnt-${name}`);
  mkdirSync(mountpoint);
  const server = await startServer(command, [...args, mountpoint]);
  return { name, mountpoint, stop: server.stop };
}

/** The first round warms up (JIT, the guest's memory) and is thrown away. */
async function alternate(servers, load, log) {
  const results = new Map();
  let firstName = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { name } of measures) {
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        const { stdout } = await run(load, [name, server.mountpoint, String(firstName)]);
        firstName += 20_000;
        const key = `${server.name} ${name}`;
        if (round > 0) results.set(key, [...(results.get(key) ?? []), Number(stdout)]);
      }
    }
    log(round === 0 ? 'warmed up' : `round ${round} of ${ROUNDS}`);
  }
  return results;
}
