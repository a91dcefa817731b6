// A `torrent-fuse mount` over the embedded engine, in a process of its own, and what can be asked of that process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const CLI = join(import.meta.dirname, '../dist/cli/main.js');
const ON_LOOPBACK = ['--engine', 'embedded', '--no-dht', '--no-trackers', '--no-lsd', '--listen-host', '127.0.0.1'];
const POLL_MS = 100;

/** Mounts in `folder`/mnt with its data in `folder`/data; resolves when it is ready. */
export async function startMount({ folder, sources, peer, args = [] }) {
  const mountpoint = join(folder, 'mnt');
  mkdirSync(mountpoint, { recursive: true });
  const dataDir = join(folder, 'data');
  const child = spawn(
    process.execPath,
    [CLI, 'mount', ...sources, '--data-dir', dataDir, ...ON_LOOPBACK]
      .concat(peer === undefined ? [] : ['--peer', peer])
      .concat(['--status-poll-interval', `${POLL_MS}ms`, ...args, mountpoint]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  let output = '';
  const ready = new Promise(resolve => {
    child.stdout.on('data', chunk => {
      output += chunk;
      if (/^ready: /m.test(output)) resolve();
    });
  });
  await Promise.race([
    ready,
    exited.then(([code]) => Promise.reject(new Error(`mount ended with ${code}: ${output}`))),
  ]);
  return new Mounted({ child, exited, mountpoint, dataDir });
}

class Mounted {
  #child;
  #exited;

  constructor({ child, exited, mountpoint, dataDir }) {
    this.#child = child;
    this.#exited = exited;
    this.mountpoint = mountpoint;
    this.dataDir = dataDir;
  }

  path(...names) {
    return join(this.mountpoint, ...names);
  }

  /** As of a poll of the engine that began after the call. Read asynchronously: this process serves nothing, but may wait. */
  async status() {
    await setTimeout(3 * POLL_MS);
    return JSON.parse(await readFile(this.path('.torrent-fuse/status.json'), 'utf8'));
  }

  async fetchedBytes() {
    const { torrents } = await this.status();
    return torrents.reduce((sum, torrent) => sum + torrent.fetched_bytes, 0);
  }

  /** User and system time of all its threads. */
  cpuSeconds() {
    return cpuSecondsOf(this.#child.pid);
  }

  /** Calls of read(2) and its kin so far: one or two for each request of the kernel. */
  readCalls() {
    return Number(/^syscr: (\d+)/m.exec(readFileSync(`/proc/${this.#child.pid}/io`, 'utf8'))[1]);
  }

  peakResidentBytes() {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))[1]) * 1024;
  }

  async stop() {
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}

export function cpuSecondsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

/** USER_HZ, the same on every Linux that Node runs on. */
const CLOCK_TICKS = 100;

/** Clean pages of all files leave the page cache, dentries and inodes theirs. Root only. */
export function dropCaches() {
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}
