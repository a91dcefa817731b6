// plain-engine.mjs TORRENT FOLDER HOST:PORT: the embedded engine alone downloads all of it, with no mount and no reader.
// Prints JSON: { seconds, cpu_seconds }.
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { createEmbeddedEngine } from '../../dist/engine/embedded/embedded-engine.js';
import { parseMetainfo } from '../../dist/engine/metainfo.js';

const [torrent, dataDir, peer] = process.argv.slice(2);
const { signal } = new AbortController();
const quiet = { debugEnabled: false, debug() {}, info() {}, warn: console.error, error: console.error };
const network = { peers: [peer], dht: false, trackers: false, lsd: false, listenPort: 0, listenHost: '127.0.0.1' };
const engine = await createEmbeddedEngine(
  { dataDir, downloadAll: true, ...network },
  { logger: { ...quiet, child: () => quiet }, mayFetch: () => false },
);
const bytes = readFileSync(torrent);
const { infoHash } = parseMetainfo(bytes);
const start = performance.now();
await engine.add({ kind: 'metainfo', infoHash, bytes }, { peers: [], signal });
const pieces = await engine.pieces(infoHash, { signal });
while (pieces.heldCount < pieces.pieceCount) await setTimeout(5);
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ seconds, cpu_seconds: (user + system) / 1e6 }));
await engine.stop();
