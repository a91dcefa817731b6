// node start.mjs DATADIR TORRENTS: the catalog and the root of a mount over an engine that lists so many torrents, as far as the
// mount's main thread goes. Prints one line of JSON when every torrent has its entry.
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { Journal } from '../../dist/catalog/journal.js';
import { MetainfoStore } from '../../dist/catalog/metainfo-store.js';
import { MountCatalog } from '../../dist/catalog/mount-catalog.js';
import { TorrentRoot } from '../../dist/fs/torrent-root.js';
import { TreePublisher } from '../../dist/fs/tree-publisher.js';

const [dataDir, torrents] = process.argv.slice(2);
const logger = silentLogger();
const made = new Map(Array.from({ length: Number(torrents) }, (_, index) => torrentOf(index)));

let longestBlockMs = 0;
let before = performance.now();
const watching = setInterval(() => {
  longestBlockMs = Math.max(longestBlockMs, performance.now() - before);
  before = performance.now();
});

const start = performance.now();
before = start;
const journal = Journal.open(dataDir, { logger });
const store = new MetainfoStore(dataDir);
const catalog = new MountCatalog({
  engine: engineOf(made),
  journal,
  store,
  logger,
  peers: [],
  timing: { pollIntervalMs: 5000, stalledTimeoutMs: 300_000 },
});
const { port1, port2 } = new MessageChannel();
const trees = new TreePublisher({ port: port1 });
const root = new TorrentRoot({ catalog, trees, onNameGone() {} });
await root.mountAll(new AbortController().signal);
const readyMs = performance.now() - start;
while (trees.table.size < made.size) await turn();
const completeMs = performance.now() - start;
await turn();
clearInterval(watching);
await catalog.stop();
root.stop();
trees.close();
port2.close();
const residentMiB = process.memoryUsage().rss / 2 ** 20;
console.log(JSON.stringify({ readyMs, completeMs, longestBlockMs, residentMiB }));

/** As large as the .torrent files of most torrents in the wild: a few hundred pieces, and a file or ten. */
function torrentOf(index) {
  const name = `A torrent of some name, number ${index}`;
  const files = Array.from({ length: 1 + (index % 10) }, (_, file) => ({ length: 10 ** 7, path: `file ${file}.mkv` }));
  const entries = files.map(({ length, path }) => `d6:lengthi${length}e4:pathl${path.length}:${path}ee`).join('');
  const pieceLength = 2 ** 18;
  const pieces = Buffer.alloc(20 * Math.ceil((files.length * 10 ** 7) / pieceLength), index);
  const info = Buffer.concat([
    Buffer.from(
      `d5:filesl${entries}e4:name${name.length}:${name}12:piece lengthi${pieceLength}e6:pieces${pieces.length}:`,
    ),
    pieces,
    Buffer.from('e'),
  ]);
  const infoHash = createHash('sha1').update(info).digest('hex');
  const bytes = Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]);
  return [infoHash, { name, bytes, totalBytes: files.length * 10 ** 7 }];
}

function engineOf(listed) {
  const summaries = [...listed].map(([infoHash, { name, totalBytes }]) => ({
    ...{ infoHash, name, totalBytes },
    ...{ engineId: undefined, state: 'live', error: undefined, progressBytes: 0, wantsMore: false },
    ...{ peersConnected: 0, peersKnown: 0, downloadSpeed: 0, uploadSpeed: 0, fetchedBytes: 0 },
  }));
  return {
    list: async () => summaries,
    // An engine answers by way of the event loop.
    metainfo: async infoHash => turn(listed.get(infoHash).bytes),
    onChange: () => () => {},
  };
}

function silentLogger() {
  const say = () => {};
  return { debugEnabled: false, debug: say, info: say, warn: say, error: console.error, child: silentLogger };
}
