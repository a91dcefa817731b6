// A real rqbit server on loopback, in a folder that only its own user may enter, and what it tells of itself.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const BINARY = process.env.TORRENT_FUSE_TEST_RQBIT ?? join(CACHE, 'torrent-fuse/rqbit-9.0.1/bin/rqbit');

/** Resolves when it answers. Payloads lie in `downloads`. */
export async function startRqbit(folder) {
  const home = join(folder, 'rqbit');
  const downloads = join(home, 'downloads');
  mkdirSync(downloads, { recursive: true });
  chmodSync(home, 0o700);
  const [port, peerPort] = [await freePort(), await freePort()];
  const child = spawn(
    BINARY,
    [
      ...['--http-api-listen-addr', `127.0.0.1:${port}`, '--listen-ip', '127.0.0.1', '--listen-port', `${peerPort}`],
      ...['--ipv4-only', '--disable-dht', '--disable-trackers', '--disable-lsd', '--disable-upnp-port-forward'],
      ...['server', 'start', '--disable-persistence', downloads],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, HOME: home, NO_COLOR: '1' } },
  );
  const gone = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) if (line.includes('started HTTP API at')) break;
  child.stdout.resume();
  return new RqbitServer({ child, gone, downloads, url: `http://127.0.0.1:${port}/` });
}

class RqbitServer {
  #child;
  #gone;

  constructor({ child, gone, downloads, url }) {
    this.#child = child;
    this.#gone = gone;
    this.downloads = downloads;
    this.url = url;
  }

  /** Adds a torrent and resolves with its info hash when what lies in `downloads` was checked. */
  async add(torrentFile) {
    const { details } = await this.#json('torrents?overwrite=true', {
      method: 'POST',
      body: readFileSync(torrentFile),
    });
    for (;;) {
      const { state } = await this.#json(`torrents/${details.info_hash}/stats/v1`);
      if (state !== 'initializing') return details.info_hash;
      await setTimeout(200);
    }
  }

  streamUrl(infoHash, file = 0) {
    return `${this.url}torrents/${infoHash}/stream/${file}`;
  }

  /** Bytes that it took from peers, for all its torrents. */
  async fetchedBytes() {
    const { counters } = await this.#json('stats');
    return counters.fetched_bytes;
  }

  async stop() {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  async #json(path, options) {
    const response = await fetch(new URL(path, this.url), options);
    if (!response.ok) throw new Error(`rqbit: ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
