// What counting every request costs: one null filesystem that counts beside one that does not, in 20 alternating pairs of
// short rounds. The null filesystem is the worst case, since it does nothing but be asked.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer } from '../child-server.mjs';
import { median, mid } from '../statistics.mjs';

const run = promisify(execFile);
const here = import.meta.dirname;
const PAIRS = 20;
const GOAL = 0.97;

const measures = [
  { name: 'getattr', measure: 'getattr, counted', unit: '1/s' },
  { name: 'rand4k', measure: 'random read of 4 KiB, counted', unit: '1/s' },
];

export default async function benchmark({ row, log }) {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-counting-'));
  const servers = [];
  try {
    const load = join(scratch, 'load');
    await run('gcc', ['-O2', '-Wall', '-o', load, join(here, '../null-fs/load.c')]);
    for (const mode of ['count', 'plain']) servers.push(await start(mode, scratch));
    for (const { name, ...labels } of measures) {
      const pairs = await alternate(servers, args => run(load, [name, ...args]));
      const ratios = pairs.map(({ count, plain }) => count / plain);
      log(`${name}: median of ${PAIRS} ratios ${median(ratios).toFixed(4)}`);
      const plain = mid(pairs, 'plain');
      row({ ...labels, ours: plain * median(ratios), beside: plain, besideName: 'not counted', goal: GOAL });
    }
  } finally {
    for (const server of servers) await server.stop();
    rmSync(scratch, { recursive: true });
  }
}

/** The first pair warms up and is thrown away. */
async function alternate(servers, load) {
  const pairs = [];
  for (let pair = 0; pair <= PAIRS; pair++) {
    const result = {};
    for (const server of pair % 2 === 0 ? servers : servers.toReversed()) {
      const { stdout } = await load([server.mountpoint, '0']);
      result[server.mode] = Number(stdout);
    }
    if (pair > 0) pairs.push(result);
  }
  return pairs;
}

async function start(mode, folder) {
  const mountpoint = join(folder, mode);
  mkdirSync(mountpoint);
  const server = await startServer(process.execPath, [join(here, 'serve.mjs'), mountpoint, mode]);
  return { mode, mountpoint, stop: server.stop };
}
