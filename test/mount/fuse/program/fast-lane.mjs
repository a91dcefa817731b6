// The half of the test filesystem that answers at once; serve.mjs has the other. One directory of files:
//   fast     read here, through the page cache
//   slow     read by the other lane, for direct I/O
//   stuck    read by the other lane, which never answers unless it is interrupted
//   backed   opened by the other lane, with passthrough where the kernel has it
//   toggle   there while the shared flag is set; remembered by the kernel for an hour
import { FileType, FORWARD, OpenReplyFlag } from '../../../../dist/fuse/index.js';
import { content, nodes, SIZE } from './layout.mjs';

const FOR_AN_HOUR = { validSeconds: 3600, entryValidSeconds: 3600, generation: 0 };
const names = Object.keys(nodes);

export default function createFastLane({ data, logger }) {
  const shared = new Int32Array(data.shared);
  logger.info({ names }, 'fast lane loaded');
  return {
    lookup(_context, _parent, name) {
      const node = nodes[Buffer.from(name).toString()] ?? 0;
      const absent = node === nodes.toggle && Atomics.load(shared, 0) === 0;
      return entryOf(absent ? 0 : node);
    },
    forget() {},
    getattr: (_context, node) => entryOf(node),
    open(_context, node) {
      if (node === nodes.backed) return FORWARD;
      return { handle: node, flags: node === nodes.fast ? 0 : OpenReplyFlag.DIRECT_IO, backingId: 0 };
    },
    read(_context, { node, offset, size }) {
      if (node !== nodes.fast) return FORWARD;
      return { slices: [content.subarray(offset, offset + size)] };
    },
    readdir(_context, { cookie }, sink) {
      for (const [index, name] of names.entries()) {
        if (index >= cookie && !sink.add(Buffer.from(name), index + 1, entryOf(nodes[name]))) return;
      }
    },
    beforeRequest: () => Atomics.add(shared, 1, 1),
  };
}

function entryOf(node) {
  const isRoot = node === nodes['.'];
  const attributes = {
    inodeHigh: 0,
    inodeLow: node,
    mode: isRoot ? FileType.DIRECTORY | 0o755 : FileType.REGULAR | 0o444,
    size: isRoot ? 0 : SIZE,
    blocks: isRoot ? 0 : SIZE / 512,
    mtimeSeconds: 1_700_000_000,
    linkCount: 1,
    uid: process.getuid(),
    gid: process.getgid(),
  };
  return { ...FOR_AN_HOUR, node, attributes };
}
