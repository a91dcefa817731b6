// An engine in a process of its own, to be killed: adds a .torrent, reads the start of its first file, says "read", stays.
//   node engine-child.mjs DATA_DIR TORRENT_FILE PEER BYTES
import { readFileSync } from 'node:fs';
import { createEmbeddedEngine } from '../../dist/engine/embedded/embedded-engine.js';
import { parseMetainfo } from '../../dist/engine/metainfo.js';

const [, , dataDir, torrentFile, peer, length] = process.argv;
const signal = new AbortController().signal;
const silent = { debug() {}, info() {}, warn() {}, error() {}, debugEnabled: false, child: () => silent };
const engine = await createEmbeddedEngine(
  {
    dataDir,
    downloadAll: false,
    peers: [],
    dht: false,
    trackers: false,
    lsd: false,
    listenPort: 0,
    listenHost: '127.0.0.1',
  },
  { logger: silent, mayFetch: () => true },
);
const bytes = readFileSync(torrentFile);
const { infoHash } = parseMetainfo(bytes);
await engine.add({ kind: 'metainfo', infoHash, bytes }, { peers: [peer], signal });
const stream = engine.open({ infoHash, fileIndex: 0 }, { start: 0, endExclusive: Number(length), signal });
while ((await stream.read()) !== undefined);
console.log('read');
