// node serve.mjs MOUNT FILES TORRENTS: mounts a torrent of so many files, `big`, among so many small ones, without an engine,
// until SIGTERM. Prints one line of JSON when it is ready.
import { createHash } from 'node:crypto';
import { MessageChannel } from 'node:worker_threads';
import { Metadata } from '../../dist/fs/metadata.js';
import { buildTorrentTree } from '../../dist/fs/torrent-tree-builder.js';
import { TreePublisher } from '../../dist/fs/tree-publisher.js';
import { Errno, ErrnoError, FORWARD, mountFuse } from '../../dist/fuse/index.js';

const [mountpoint, files, torrents] = process.argv.slice(2);
const { port1, port2 } = new MessageChannel();
const trees = new TreePublisher({ port: port1 });
const attributes = { uid: process.getuid(), gid: process.getgid(), umask: 0, readOnly: true };

const big = detailsOf(
  'big',
  Array.from({ length: Number(files) }, (_, index) => [
    'files',
    `folder ${index % 500}`,
    `a file of some name ${index}.mkv`,
  ]),
);
const start = performance.now();
const tree = buildTorrentTree(big, 0);
const buildMs = performance.now() - start;
trees.add('big', tree);
for (let index = 1; index < Number(torrents); index += 1) {
  const name = `torrent ${index}`;
  trees.add(name, buildTorrentTree(detailsOf(name, [['a'], ['b', 'c']]), 0));
}

const mount = await mountFuse({
  mountpoint,
  fastLane: {
    module: new URL('./fast-lane.mjs', import.meta.url),
    data: { attributes, port: port2, versions: trees.versions.memory },
    transfer: [port2],
  },
  slowLane: slowLane(),
});
process.once('SIGTERM', () => mount.unmount({ force: true }));
console.log(JSON.stringify({ buildMs, treeBytes: tree.buffer.byteLength }));

function detailsOf(name, paths) {
  return {
    infoHash: createHash('sha1').update(name).digest('hex'),
    isSingleFile: false,
    createdAtSeconds: undefined,
    files: paths.map((path, index) => ({ index, path, length: index, padding: false, executable: false })),
  };
}

/** What the fast lane declines while its table is behind. */
function slowLane() {
  const metadata = new Metadata(trees, attributes);
  const known = reply => {
    if (reply === FORWARD) throw new ErrnoError(Errno.ENOENT);
    return reply;
  };
  return {
    lookup: (_, parent, name) => known(metadata.lookup(parent, name)),
    getattr: (_, node) => known(metadata.getattr(node)),
    readdir: (_, request, sink) => known(metadata.readdir(request, sink)),
    open: () => known(FORWARD),
    read: () => known(FORWARD),
  };
}
