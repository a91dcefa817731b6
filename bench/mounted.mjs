// A `torrent-fuse mount` in a process of its own, over either engine, and what can be asked of that process.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const PROGRAM = join(import.meta.dirname, '../bin/torrent-fuse');
const ON_LOOPBACK = ['--engine', 'embedded', '--no-dht', '--no-trackers', '--no-lsd', '--listen-host', '127.0.0.1'];
const POLL_MS = 100;
const NOBODY = 65534;
const TIMEOUT_MS = 120_000;

/**
 * Mounts in `folder`/home/mnt with its data in `folder`/home/data; resolves when it is ready.
 *
 * @param rqbit the server to mount over; the embedded engine when it is left out
 * @param asNobody mounts as a user who cannot read what belongs to root, such as the files of an rqbit that root runs
 */
export async function startMount({ folder, sources = [], peer, rqbit, asNobody = false, args = [] }) {
  const home = join(folder, 'home');
  const mountpoint = join(home, 'mnt');
  mkdirSync(mountpoint, { recursive: true });
  const uid = asNobody ? NOBODY : undefined;
  if (asNobody) for (const path of [home, mountpoint]) chownSync(path, NOBODY, NOBODY);
  const engine = rqbit === undefined ? ON_LOOPBACK : ['--engine', 'rqbit', '--rqbit-url', rqbit.url];
  const child = spawn(
    PROGRAM,
    ['mount', ...sources, '--data-dir', join(home, 'data'), ...engine]
      .concat(peer === undefined ? [] : ['--peer', peer])
      .concat(['--status-poll-interval', `${POLL_MS}ms`, ...args, mountpoint]),
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, HOME: home, NO_COLOR: '1' }, uid, gid: uid },
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
  return new Mounted({ child, exited, mountpoint, uid });
}

class Mounted {
  #child;
  #exited;
  #uid;

  constructor({ child, exited, mountpoint, uid }) {
    this.#child = child;
    this.#exited = exited;
    this.#uid = uid;
    this.mountpoint = mountpoint;
  }

  path(...names) {
    return join(this.mountpoint, ...names);
  }

  /** Runs a command as the user who mounted: the kernel lets nobody else in. @returns what it printed */
  async run(command, parameters) {
    const options = { uid: this.#uid, gid: this.#uid, timeout: TIMEOUT_MS, maxBuffer: 64 * 2 ** 20 };
    const { stdout } = await execute(command, parameters, options);
    return stdout;
  }

  /** Starts a command as {@link run} does; both ends of its standard streams are pipes. */
  spawn(command, parameters) {
    return spawn(command, parameters, { uid: this.#uid, gid: this.#uid, stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** Resolves when the root shows the names. */
  async untilListed(names) {
    const script = 'for name in "$@"; do until [ -e "$name" ]; do sleep 0.05; done; done';
    await this.run('bash', ['-c', script, 'bash', ...names.map(name => this.path(name))]);
  }

  /** As of a poll of the engine that began after the call. */
  async status() {
    await setTimeout(3 * POLL_MS);
    return JSON.parse(await this.run('cat', [this.path('.torrent-fuse/status.json')]));
  }

  /** Payload that the engine took from peers for the torrents of this mount. */
  async fetchedBytes() {
    const { torrents } = await this.status();
    return torrents.reduce((sum, torrent) => sum + torrent.fetched_bytes, 0);
  }

  /** Of a metric without labels, or with exactly these. */
  async metric(name) {
    return (await this.metrics()).get(name);
  }

  /** Values by name and labels, as they stand in the text. */
  async metrics() {
    const text = await this.run('cat', [this.path('.torrent-fuse/metrics')]);
    const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'));
    return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
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

/** Only dentries and inodes. Root only. */
export function dropNames() {
  writeFileSync('/proc/sys/vm/drop_caches', '2');
}
