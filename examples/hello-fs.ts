// A filesystem of one file. Run it with a loader for TypeScript (Node 22.18 and later have one built in):
//   node examples/hello-fs.ts /some/empty/folder      then, elsewhere: cat /some/empty/folder/hello.txt
import { Errno, ErrnoError, type Filesystem, FileType, mountFuse, ROOT_NODE } from 'torrent-fuse/fuse';

const FILE_NODE = 2;
const content = Buffer.from('Hello from TypeScript\n');
const forever = { validSeconds: 3600, entryValidSeconds: 3600, generation: 0 };

const root = attributes(ROOT_NODE, FileType.DIRECTORY | 0o555, 0);
const file = attributes(FILE_NODE, FileType.REGULAR | 0o444, content.length);
const entries = [
  { name: Buffer.from('.'), node: ROOT_NODE, attributes: root, ...forever },
  { name: Buffer.from('..'), node: ROOT_NODE, attributes: root, ...forever },
  { name: Buffer.from('hello.txt'), node: FILE_NODE, attributes: file, ...forever },
];

const filesystem: Filesystem = {
  getattr: (_context, node) => ({ attributes: node === ROOT_NODE ? root : file, ...forever }),
  lookup(_context, _parent, name) {
    const found = entries.find(entry => entry.name.equals(name));
    if (found === undefined) throw new ErrnoError(Errno.ENOENT);
    return found;
  },
  readdir(_context, { cookie }, sink) {
    entries.slice(cookie).every((entry, index) => sink.add(entry.name, cookie + index + 1, entry));
  },
  open: () => ({ handle: 0, flags: 0, backingId: 0 }),
  read: (_context, { offset, size }) => ({ slices: [content.subarray(offset, offset + size)] }),
};

const mount = await mountFuse({ mountpoint: process.argv[2] ?? 'mnt', subtype: 'hello', slowLane: filesystem });
process.once('SIGINT', () => mount.unmount({ force: true }));
console.log(`ready: ${mount.mountpoint}`);

function attributes(inodeLow: number, mode: number, size: number) {
  const ids = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  return { inodeHigh: 0, inodeLow, mode, size, blocks: Math.ceil(size / 512), mtimeSeconds: 0, linkCount: 1, ...ids };
}
