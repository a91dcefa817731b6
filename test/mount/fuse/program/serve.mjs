// node serve.mjs MOUNTPOINT [BACKING_FILE]: serves the test filesystem. SIGINT and SIGTERM unmount; SIGHUP unmounts by
// force. Lines on stdin: `show` and `hide` the file toggle and tell the kernel; `unmount` tries to; `exit` does not wait
// for the fuse thread. Lines on stdout say what happens. FAST_LANE names another module beside this one.
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { exitNow, mountFuse } from '../../../../dist/fuse/index.js';
import { content, nodes } from './layout.mjs';

const [mountpoint, backingFile] = process.argv.slice(2);
const shared = new SharedArrayBuffer(8);
const flags = new Int32Array(shared);

const print = (_fields, message) => console.log(`log ${message}`);
const logger = { debug() {}, info: print, warn: print, error: print, debugEnabled: false, child: () => logger };

const slowLane = {
  init: limits => console.log(`limits ${JSON.stringify(limits)}`),
  open(_context, node) {
    const backingId = backingFile && mount.backingFiles?.open(openSync(backingFile, 'r'));
    console.log(backingId ? 'backed' : 'not backed');
    return { handle: node, flags: backingId ? 1 << 7 : 0, backingId: backingId ?? 0 };
  },
  async read(context, { node, offset, size }) {
    if (node === nodes.stuck) await untilAborted(context.signal);
    await setTimeout(1); // the reply comes after other requests
    return { slices: [content.subarray(offset, offset + size)] };
  },
};

let mount;
try {
  mount = await mountFuse({
    mountpoint,
    subtype: 'test-fs',
    fastLane: { module: new URL(process.env.FAST_LANE ?? './fast-lane.mjs', import.meta.url), data: { shared } },
    slowLane,
    logger,
  });
} catch (error) {
  console.log(`failed ${error.code}: ${error.message}`);
  process.exit(1);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => unmount(signal === 'SIGHUP'));
}
const commands = createInterface({ input: process.stdin }).on('line', command => {
  if (command === 'unmount') unmount(false);
  if (command === 'exit') exitNow(3);
  Atomics.store(flags, 0, command === 'show' ? 1 : 0);
  mount.notifier.invalidateEntry(1, Buffer.from('toggle'));
});
console.log(`ready ${mount.mountpoint} minor ${mount.devMinor}`);

const reason = await mount.closed;
commands.close();
process.stdin.destroy();
const reads = mount.operations().filter(row => row.operation === 'READ');
console.log(`reads ${JSON.stringify(Object.fromEntries(reads.map(row => [row.lane, row.count])))}`);
console.log(`before every request ${flags[1] > 0}`);
console.log(`closed ${reason}`);

async function unmount(force) {
  await mount.unmount({ force }).catch(error => console.log(`failed ${error.code}: ${error.message}`));
}

function untilAborted(signal) {
  console.log('waiting');
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      console.log(`aborted ${signal.reason.errno}`);
      reject(signal.reason);
    });
  });
}
