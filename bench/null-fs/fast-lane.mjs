// The filesystem of null-fs.c for our server: one file that reads as whatever lies in one hot buffer, and a directory in
// which every name fN exists.
import { Errno, ErrnoError, FileType } from '../../dist/fuse/index.js';

const [ROOT, BIG, DIR, FIRST] = [1, 2, 3, 16];
const BIG_SIZE = 2 ** 36;
const F = 'f'.charCodeAt(0);

export default function createNullFilesystem() {
  const hot = new Uint8Array(new SharedArrayBuffer(1 << 20));
  const attributes = {
    inodeHigh: 0,
    inodeLow: 0,
    mode: 0,
    size: 0,
    blocks: 0,
    mtimeSeconds: 0,
    linkCount: 1,
    uid: 0,
    gid: 0,
  };
  const entry = { node: 0, generation: 0, entryValidSeconds: 3600, validSeconds: 0, attributes };
  const attributesReply = { validSeconds: 0, attributes };
  const openReply = { handle: 0, flags: 0, backingId: 0 };
  const readReply = { slices: [hot] };
  const sizedViews = new Map();

  function describe(node) {
    attributes.inodeLow = node;
    attributes.mode = node === ROOT || node === DIR ? FileType.DIRECTORY | 0o555 : FileType.REGULAR | 0o444;
    attributes.size = node === BIG ? BIG_SIZE : 0;
    attributes.blocks = Math.ceil(attributes.size / 512);
  }

  return {
    lookup(_context, parent, name) {
      entry.node = nodeOf(parent, name);
      entry.validSeconds = attributeLifetime(entry.node);
      describe(entry.node);
      return entry;
    },
    forget() {},
    getattr(_context, node) {
      attributesReply.validSeconds = attributeLifetime(node);
      describe(node);
      return attributesReply;
    },
    open: () => openReply,
    read(_context, { size }) {
      let view = sizedViews.get(size);
      if (view === undefined) {
        view = hot.subarray(0, size);
        sizedViews.set(size, view);
      }
      readReply.slices[0] = view;
      return readReply;
    },
    readdir() {},
  };
}

/** Only of the big file are attributes asked for again and again. */
function attributeLifetime(node) {
  return node === BIG ? 0 : 3600;
}

function nodeOf(parent, name) {
  if (parent === DIR && name[0] === F) {
    let number = 0;
    for (let index = 1; index < name.length; index++) number = number * 10 + name[index] - 48;
    return FIRST + number;
  }
  const text = Buffer.from(name).toString();
  if (parent === ROOT && text === 'big') return BIG;
  if (parent === ROOT && text === 'd') return DIR;
  throw new ErrnoError(Errno.ENOENT);
}
