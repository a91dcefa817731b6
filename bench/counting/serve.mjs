// node serve.mjs MOUNT count|plain: mounts the null filesystem, with or without counting its requests, until SIGTERM.
import { mountFuse } from '../../dist/fuse/index.js';

const [, , mountpoint, mode] = process.argv;
const mount = await mountFuse({
  mountpoint,
  subtype: 'null-fs',
  count: mode === 'count',
  // As a mount has it whose log is not at debug.
  trace: mode === 'count',
  fastLane: { module: new URL('../null-fs/fast-lane.mjs', import.meta.url) },
});
process.once('SIGTERM', () => mount.unmount({ force: true }));
console.log('ready');
