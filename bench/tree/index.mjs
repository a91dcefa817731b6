// A torrent of 200,000 files and a root of 10,000 torrents, beside a tenth of each: listing must grow linearly. Every round
// mounts anew, so the kernel remembers nothing.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer } from '../child-server.mjs';
import { rounds } from '../rounds.mjs';
import { mid } from '../statistics.mjs';

const run = promisify(execFile);
const ROUNDS = 3;
const sizes = [
  { name: 'whole', files: 200_000, torrents: 10_000 },
  { name: 'tenth', files: 20_000, torrents: 1_000 },
];
/** Of the rate at a tenth of the size: what is missing is cache misses, not a worse algorithm. */
const GOAL = 0.7;

export default async function benchmark({ row, log }) {
  const scenarios = Object.fromEntries(sizes.map(size => [size.name, () => measure(size)]));
  const results = await rounds(log, { name: 'whole and tenth', count: ROUNDS, scenarios });
  const pair = key => ({ ours: mid(results.whole, key), beside: mid(results.tenth, key), besideName: 'a tenth' });
  row({ measure: 'build the tree of 200,000 files', unit: 'files/s', ...pair('buildRate'), goal: GOAL });
  row({ measure: 'find over 200,000 files', unit: 'files/s', ...pair('findRate'), goal: GOAL });
  row({ measure: 'ls of 10,000 torrents', unit: 'torrents/s', ...pair('listRate'), goal: GOAL });
  row({ measure: 'first start, 10,000 torrents', unit: 'torrents/s', ...pair('firstStartRate'), goal: GOAL });
  row({ measure: 'next start, 10,000 torrents', unit: 'torrents/s', ...pair('nextStartRate'), goal: GOAL });
  row({ measure: 'longest stop of the event loop', unit: 'ms', ...pair('longestBlockMs') });
  row({ measure: 'memory of 10,000 torrents', unit: 'MiB', ...pair('startedMiB') });
  row({ measure: 'shared memory of the trees', unit: 'bytes/file', ...pair('treeBytes') });
  row({ measure: 'memory of the process', unit: 'MiB', ...pair('residentMiB') });
}

async function measure(size) {
  return { ...(await measureListing(size)), ...(await measureStarts(size)) };
}

/** The same data directory twice: empty at first, then with all that the first start has learnt. */
async function measureStarts({ torrents }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-tree-'));
  const start = async () => {
    const script = join(import.meta.dirname, 'start.mjs');
    const { stdout } = await run(process.execPath, [script, dataDir, `${torrents}`], { timeout: 120_000 });
    return JSON.parse(stdout);
  };
  try {
    const first = await start();
    const next = await start();
    return {
      firstStartRate: torrents / (first.completeMs / 1000),
      nextStartRate: torrents / (next.readyMs / 1000),
      longestBlockMs: Math.max(first.longestBlockMs, next.longestBlockMs),
      startedMiB: next.residentMiB,
    };
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

async function measureListing({ files, torrents }) {
  const mountpoint = mkdtempSync(join(tmpdir(), 'bench-tree-'));
  const script = join(import.meta.dirname, 'serve.mjs');
  const server = await startServer(process.execPath, [script, mountpoint, `${files}`, `${torrents}`]);
  try {
    const { buildMs, treeBytes } = JSON.parse(server.line);
    const listSeconds = await secondsOf('ls', [mountpoint]);
    const findSeconds = await secondsOf('find', [join(mountpoint, 'big')]);
    return {
      buildRate: files / (buildMs / 1000),
      findRate: files / findSeconds,
      listRate: torrents / listSeconds,
      treeBytes: treeBytes / files,
      residentMiB: residentKiB(server.pid) / 1024,
    };
  } finally {
    await server.stop();
    rmSync(mountpoint, { recursive: true });
  }
}

async function secondsOf(command, args) {
  const start = performance.now();
  await run(command, args, { maxBuffer: 2 ** 28, timeout: 60_000 });
  return (performance.now() - start) / 1000;
}

function residentKiB(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}
