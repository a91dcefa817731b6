// A process with an rqbit of its own, made to be killed. Arguments: the rqbit program, its folder, a .torrent, its info hash.
import { readFile } from 'node:fs/promises';
import { createRqbitEngine } from '../../../dist/engine/rqbit/create-rqbit-engine.js';
import { silentLogger } from '../../../dist/util/logger.js';

const [binary, folder, torrentPath, infoHash] = process.argv.slice(2);
const { signal } = new AbortController();
const network = { dht: false, trackers: false, lsd: false, listenPort: 0, listenHost: '127.0.0.1' };
const engine = await createRqbitEngine(
  { server: { kind: 'managed', binary, folder, network }, onDemand: true, maxStreams: 6, peers: [] },
  { logger: silentLogger, mayFetch: () => false, signal },
);
await engine.add({ kind: 'metainfo', infoHash, bytes: await readFile(torrentPath) }, { peers: [], signal });
console.log('holding');
