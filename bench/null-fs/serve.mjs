// node serve.mjs MOUNT: mounts the null filesystem on our server until SIGTERM.
import { mountFuse } from '../../dist/fuse/index.js';

const mount = await mountFuse({
  mountpoint: process.argv[2],
  subtype: 'null-fs',
  fastLane: { module: new URL('./fast-lane.mjs', import.meta.url) },
});
process.once('SIGTERM', () => mount.unmount({ force: true }));
console.log('ready');
