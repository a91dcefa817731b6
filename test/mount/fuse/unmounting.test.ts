import { chmodSync, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { withAbort } from '../../../src/fuse/attach/connection.ts';
import { detach } from '../../../src/fuse/attach/detach.ts';
import { NOBODY } from '../harness/mount-process.ts';
import { run, runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { TestMount } from './test-mount.ts';

beforeAll(() => {
  console.log('chmod 666 /dev/fuse, as udev does it: ordinary users mount in these tests');
  chmodSync('/dev/fuse', 0o666);
});

describe('a mount that nobody uses', () => {
  test.each([
    ['root', undefined, ['umount']],
    ['an ordinary user', NOBODY, ['setpriv', `--reuid=${NOBODY}`, '--clear-groups', 'fusermount3', '-u']],
  ])('of %s goes away with umount, and its process ends', async (_, uid, [command = '', ...args]) => {
    const mount = await TestMount.start(uid === undefined ? {} : { uid });
    await runOk(command, [...args, mount.mountpoint]);
    await mount.exited;
    expect(mount.process.exitCode).toBe(0);
    expect(mount.output).toMatch(/^closed unmounted$/m);
  });

  test.each([
    ['SIGINT', undefined],
    ['SIGTERM', undefined],
    ['SIGTERM', NOBODY],
  ] as const)('goes away with %s (uid %s)', async (signal, uid) => {
    const mount = await TestMount.start(uid === undefined ? {} : { uid });
    mount.process.kill(signal);
    await mount.exited;
    expect(mount.process.exitCode).toBe(0);
    expect(mount.isMounted()).toBe(false);
  });
});

describe('a mount with an open file', () => {
  test.each([
    ['root', undefined],
    ['an ordinary user', NOBODY],
  ])('of %s is busy, and goes on', async (_, uid) => {
    const mount = await TestMount.start(uid === undefined ? {} : { uid });
    await mount.stuckReader(uid);
    mount.command('unmount');
    await mount.says(/^failed busy: .* is busy: files on it are open, or it is a working directory$/m);
    expect(mount.isMounted()).toBe(true);
  });

  test('is cut off by force: who waits on it is released, and nothing is left', async () => {
    const mount = await TestMount.start();
    const reader = await mount.stuckReader();
    mount.process.kill('SIGHUP');
    await mount.exited;
    expect(mount.process.exitCode).toBe(0);
    expect(mount.output).toMatch(/^closed aborted$/m);
    expect(mount.isMounted()).toBe(false);
    await reader.exited;
    expect(reader.process.exitCode).not.toBe(0);
  });

  test('loses its readers when the connection is aborted from outside, and is not left dead', async () => {
    const mount = await TestMount.start();
    const reader = await mount.stuckReader();
    if (!existsSync('/sys/fs/fuse/connections/.')) throw new Error('no /sys/fs/fuse/connections');
    await run('mount', ['-t', 'fusectl', 'fusectl', '/sys/fs/fuse/connections']);
    await writeFile(`/sys/fs/fuse/connections/${mount.devMinor}/abort`, '1');
    await mount.exited;
    expect(mount.output).toMatch(/^closed aborted$/m);
    expect(mount.isMounted()).toBe(false);
    await reader.exited;
  });
});

test('what ends a connection spares the mount that is given its number', async () => {
  const gone = await TestMount.start();
  const next = await withAbort(gone.devMinor, async abort => {
    await detach(gone.mountpoint);
    await gone.exited;
    const mount = await TestMount.start(); // the lowest free number is given
    abort();
    return mount;
  });
  await runOk('cat', [next.path('fast')]);
});

test('the process can end although the fuse thread blocks on the device', async () => {
  const mount = await TestMount.start();
  mount.command('exit');
  await mount.exited;
  expect(mount.process.exitCode).toBe(3);
});

describe('a fast lane that fails', () => {
  test('before anything is mounted is an error of mounting', async () => {
    const mount = await TestMount.start({ fastLane: './no-such-module.mjs' });
    await mount.exited;
    expect(mount.output).toMatch(/^failed filesystem-failed: .*no-such-module.mjs/m);
    expect(mount.isMounted()).toBe(false);
  });

  test('while it serves takes the mount down: nobody waits for answers that never come', async () => {
    const mount = await TestMount.start({ fastLane: './broken-fast-lane.mjs' });
    const { code } = await run('cat', [mount.path('fast')]);
    expect(code).toBe(1);
    await mount.exited;
    expect(mount.output).toMatch(/^closed failed$/m);
    expect(mount.isMounted()).toBe(false);
  });
});

test.each([
  ['root', undefined],
  ['an ordinary user', NOBODY],
])('a mount of %s whose process hangs is detached nevertheless', async (_, uid) => {
  const mount = await TestMount.start(uid === undefined ? {} : { uid });
  mount.process.kill('SIGSTOP');
  const script = `import(${JSON.stringify(FUSE)}).then(fuse => fuse.detach(process.argv[1]))`;
  const asUser = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  await runOk('env', [...asUser, process.execPath, '-e', script, mount.mountpoint]);
  expect(mount.isMounted()).toBe(false);
  mount.process.kill('SIGCONT');
  await mount.exited;
  expect(mount.output).toMatch(/^closed unmounted$/m);
});

describe('a mount whose process was killed', () => {
  test('releases its readers, is found dead and replaced by the next mount', async () => {
    const killed = await TestMount.start();
    const reader = await killed.stuckReader();
    await runOk('stat', [killed.mountpoint]); // what the kernel remembers for an hour
    killed.process.kill('SIGKILL');
    await killed.exited;
    await reader.exited;
    expect(killed.isMounted()).toBe(true);

    const next = await TestMount.start({ mountpoint: killed.mountpoint });
    expect(next.output).toMatch(/^log removing the dead mount of a process that was killed$/m);
    await runOk('cat', [next.path('fast')]);
    await runOk('umount', [next.mountpoint]);
    await next.exited;
    expect(next.isMounted()).toBe(false);
  });

  test('of an ordinary user too', async () => {
    const killed = await TestMount.start({ uid: NOBODY });
    killed.process.kill('SIGKILL');
    await killed.exited;
    const next = await TestMount.start({ mountpoint: killed.mountpoint, uid: NOBODY });
    next.process.kill('SIGTERM');
    await next.exited;
    expect(next.isMounted()).toBe(false);
  });
});

describe('what cannot be mounted is refused, and nothing is left', () => {
  test('a mount point in use', async () => {
    const first = await TestMount.start();
    const second = await TestMount.start({ mountpoint: first.mountpoint });
    await second.exited;
    expect(second.output).toMatch(/^failed mountpoint-in-use: .* is already a mount point \(fuse.test-fs\); /m);
    expect(first.process.exitCode).toBeNull();
    await runOk('cat', [first.path('fast')]);
  });

  test('a folder of someone else, by an ordinary user', async () => {
    const mountpoint = join(await scratchFolder(), 'of-root');
    await mkdir(mountpoint);
    const refused = await serveAsNobody(mountpoint);
    expect(refused.stdout).toMatch(/^failed not-permitted: no permission to mount on .*choose a folder of yours$/m);
    expect(refused.code).toBe(1);
  });

  test.each([
    [
      'no /dev/fuse',
      'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9',
      /^failed no-device: \/dev\/fuse not found, try: modprobe fuse/m,
    ],
    [
      '/dev/fuse for root only',
      'mount -t tmpfs none /mnt && mknod -m 600 /mnt/fuse c 10 229 && mount --bind /mnt/fuse /dev/fuse',
      /^failed not-permitted: \/dev\/fuse may not be opened, try as root: chmod 666 \/dev\/fuse$/m,
    ],
    [
      'no libfuse3',
      'for lib in $(ldconfig -p | sed -n "s/.*=> //p" | grep libfuse3); do mount --bind /dev/null "$(realpath $lib)"; done',
      /^failed no-libfuse: libfuse3 not found.*install the package fuse3$/m,
    ],
    [
      'no fusermount3',
      'mount --bind /dev/null "$(realpath $(which fusermount3))"',
      /^failed no-fusermount: fusermount3 not found.*install the package fuse3$/m,
    ],
  ])('%s, by an ordinary user', async (_, hide, message) => {
    const folder = await scratchFolder();
    const mountpoint = join(folder, 'mnt');
    await mkdir(mountpoint);
    await runOk('chown', [String(NOBODY), mountpoint]);
    const refused = await serveAsNobody(mountpoint, hide);
    expect(refused.stdout).toMatch(message);
    expect(refused.code).toBe(1);
  });
});

const FUSE = join(import.meta.dirname, '../../../dist/fuse/index.js');
const SERVE = join(import.meta.dirname, 'program/serve.mjs');

/** Runs the server as nobody, in a mount table of its own in which `hide` (shell) has hidden something. */
function serveAsNobody(mountpoint: string, hide = 'true') {
  const script = `${hide} && exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups "$2" "$3" "$1"`;
  const args = ['--mount', 'bash', '-c', script, 'bash', mountpoint, process.execPath, SERVE];
  return run('unshare', args);
}
