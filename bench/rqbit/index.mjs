// One file that a real rqbit holds: curl of its stream, and dd through the mount, over HTTP alone (the mount's user cannot enter
// the server's folder) and from the server's files on this machine. Whoever goes first in a round changes; medians of all.
import { execFile, spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cli = join(import.meta.dirname, '../../dist/cli/main.js');
const NOBODY = 65534;
const ROUNDS = 5;
const SIZE = 256 * 2 ** 20;
const PIECE = 2 ** 20;

export default async function benchmark({ row, log }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-rqbit-'));
  chmodSync(folder, 0o755);
  let server;
  try {
    server = await startServer(folder);
    await addFile(server);
    const results = { curl: [], http: [], local: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of rotated(Object.keys(results), round)) {
        results[name].push(
          name === 'curl' ? await measureCurl(server.stream) : await measureMount(name, server, folder),
        );
        const { rate, firstByteMs } = results[name].at(-1);
        log(`round ${round + 1} of ${ROUNDS}, ${name}: ${rate.toFixed(0)} MiB/s, ${firstByteMs.toFixed(1)} ms`);
      }
    }
    report(row, results);
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(row, results) {
  const beside = { besideName: 'curl of the stream' };
  const whole = { unit: 'MiB/s', beside: median(results.curl, 'rate'), ...beside };
  row({ measure: 'dd of the whole file, over HTTP', ours: median(results.http, 'rate'), ...whole });
  row({ measure: 'dd of the whole file, local data, first', ours: median(results.local, 'rate'), ...whole });
  row({ measure: 'dd of the whole file, local data, again', ours: median(results.local, 'againRate'), ...whole });
  const first = { unit: 'ms', beside: median(results.curl, 'firstByteMs'), ...beside };
  row({ measure: 'first byte, over HTTP', ours: median(results.http, 'firstByteMs'), ...first });
  row({ measure: 'first byte, local data', ours: median(results.local, 'firstByteMs'), ...first });
}

/** By curl's own clock. */
async function measureCurl(url) {
  const format = '%{time_starttransfer} %{time_total}';
  const { stdout } = await run('curl', ['-sS', '-o', '/dev/null', '-w', format, url]);
  const [firstByte, total] = stdout.split(' ').map(Number);
  return { rate: SIZE / 2 ** 20 / total, firstByteMs: firstByte * 1000 };
}

/** A mount of its own for each measurement: neither its cache nor the kernel's knows the file. */
async function measureMount(way, server, folder) {
  const uid = way === 'http' ? NOBODY : 0;
  const home = mkdtempSync(join(folder, 'home-'));
  const mountpoint = join(home, 'mnt');
  mkdirSync(mountpoint);
  for (const path of [home, mountpoint]) chownSync(path, uid, uid);
  const args = ['mount', '--engine', 'rqbit', '--rqbit-url', server.url, '--status-poll-interval', '500ms'];
  const mount = spawn(process.execPath, [cli, ...args, '--data-dir', join(home, 'data'), mountpoint], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HOME: home, NO_COLOR: '1' },
    uid,
    gid: uid,
  });
  const gone = once(mount, 'exit');
  try {
    const file = join(mountpoint, 'film.bin');
    await Promise.race([
      untilReady(mount),
      gone.then(([code]) => Promise.reject(new Error(`the mount ended with ${code}`))),
    ]);
    const { stdout } = await run('/usr/bin/python3', ['-c', READER, file], {
      uid,
      gid: uid,
      timeout: 120_000,
    });
    const [firstByteMs, firstSeconds, againSeconds] = stdout.split(' ').map(Number);
    const mebibytes = SIZE / 2 ** 20;
    return { firstByteMs, rate: mebibytes / firstSeconds, againRate: mebibytes / againSeconds };
  } finally {
    mount.kill('SIGTERM');
    await gone;
  }
}

/** Waits for the file, then: milliseconds from open to the first byte, seconds of dd, and of dd again. */
const READER = `
import os, subprocess, sys, time
path = sys.argv[1]
while not os.path.exists(path):
    time.sleep(0.05)
start = time.monotonic()
fd = os.open(path, os.O_RDONLY)
os.read(fd, 1)
first = (time.monotonic() - start) * 1000
os.close(fd)
def dd():
    start = time.monotonic()
    subprocess.run(["dd", "if=" + path, "of=/dev/null", "bs=1M", "status=none"], check=True)
    return time.monotonic() - start
print(first, dd(), dd())
`;

async function untilReady(mount) {
  for await (const line of createInterface(mount.stdout)) if (line.startsWith('ready: ')) break;
  mount.stdout.resume();
}

async function startServer(folder) {
  const [port, peerPort] = [await freePort(), await freePort()];
  const home = join(folder, 'rqbit');
  mkdirSync(join(home, 'downloads'), { recursive: true, mode: 0o700 });
  chmodSync(home, 0o700);
  const infoHash = writePayload(join(home, 'downloads'), join(home, 'film.torrent'));
  const child = spawn(
    process.env.TORRENT_FUSE_TEST_RQBIT ?? join(homedir(), '.cache/torrent-fuse/rqbit-9.0.1/bin/rqbit'),
    [
      ...['--http-api-listen-addr', `127.0.0.1:${port}`, '--listen-ip', '127.0.0.1', '--listen-port', `${peerPort}`],
      ...['--ipv4-only', '--disable-dht', '--disable-trackers', '--disable-lsd', '--disable-upnp-port-forward'],
      ...['server', 'start', '--disable-persistence', join(home, 'downloads')],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, HOME: home, NO_COLOR: '1' } },
  );
  const gone = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) if (line.includes('started HTTP API at')) break;
  child.stdout.resume();
  const url = `http://127.0.0.1:${port}/`;
  return {
    url,
    torrentFile: join(home, 'film.torrent'),
    infoHash,
    stream: `${url}torrents/${infoHash}/stream/0`,
    async stop() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** rqbit finds the payload where it would have put it, and checks it. */
async function addFile({ url, torrentFile, infoHash }) {
  await run('curl', ['-sSf', '--data-binary', `@${torrentFile}`, `${url}torrents?overwrite=true`]);
  for (;;) {
    const stats = await (await fetch(`${url}torrents/${infoHash}/stats/v1`)).json();
    if (stats.finished) return;
    await setTimeout(200);
  }
}

/** @returns the info hash of the torrent that it writes */
function writePayload(folder, torrentFile) {
  const payload = randomFillSync(Buffer.alloc(SIZE));
  writeFileSync(join(folder, 'film.bin'), payload);
  const hashes = [];
  for (let offset = 0; offset < SIZE; offset += PIECE) {
    hashes.push(
      createHash('sha1')
        .update(payload.subarray(offset, offset + PIECE))
        .digest(),
    );
  }
  const head = `d6:lengthi${SIZE}e4:name8:film.bin12:piece lengthi${PIECE}e6:pieces${hashes.length * 20}:`;
  const info = Buffer.concat([Buffer.from(head), ...hashes, Buffer.from('e')]);
  writeFileSync(torrentFile, Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]));
  return createHash('sha1').update(info).digest('hex');
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function rotated(list, by) {
  return [...list.slice(by % list.length), ...list.slice(0, by % list.length)];
}

function median(results, key) {
  const values = results.map(result => result[key]).sort((one, other) => one - other);
  return values[Math.floor(values.length / 2)];
}
