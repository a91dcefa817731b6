import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { isMounted, MountProcess } from '../harness/mount-process.ts';
import { run, runOk } from '../harness/run.ts';
import { removeScratchFolder } from '../harness/scratch.ts';
import { type CliScratch, cleanEnvironment, cliScratch, torrentFuse } from './cli.ts';

let scratch: CliScratch;
beforeEach(async () => {
  scratch = await cliScratch();
});
afterEach(async () => {
  await run('umount', ['-l', scratch.mountpoint]);
  await removeScratchFolder(scratch.folder);
});

describe('install-service', () => {
  it('writes a system and a user unit that systemd accepts', async () => {
    const root = join(scratch.folder, 'root');
    const env = cleanEnvironment({ XDG_CONFIG_HOME: '/home/somebody/.config' });
    expect(await torrentFuse(['install-service', '--root', root])).toMatchObject({ code: 0 });
    expect(await torrentFuse(['install-service', '--user', '--root', root], { env })).toMatchObject({ code: 0 });
    const units = { system: 'etc/systemd/system', user: 'home/somebody/.config/systemd/user' };
    for (const [kind, folder] of Object.entries(units)) {
      const instance = join(scratch.folder, kind, 'torrent-fuse@mnt-torrents.service');
      mkdirSync(join(instance, '..'));
      copyFileSync(join(root, folder, 'torrent-fuse@.service'), instance);
      const verified = await run('systemd-analyze', ['verify', `--${kind}`, instance], {
        env: { ...env, XDG_RUNTIME_DIR: scratch.folder },
      });
      expect(verified).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('writes helpers with which mount(8) mounts a line of fstab, and takes them away again', async () => {
    const { mountpoint, torrent, dataDir } = scratch;
    const fstab = join(scratch.folder, 'fstab');
    const options = `nofail,_netdev,x-systemd.automount,engine=embedded,no-dht,no-trackers,no-lsd,data_dir=${dataDir}`;
    writeFileSync(fstab, `${torrent} ${mountpoint} fuse.torrent-fuse ${options} 0 0\n`);
    expect(await torrentFuse(['install-service'])).toMatchObject({ code: 0 });
    try {
      await runOk('mount', ['-a', '-T', fstab]);
      expect(isMounted(mountpoint)).toBe(true);
      expect((await run('ls', [mountpoint])).stdout).toBe('sample\n');
      await runOk('umount', [mountpoint]);
      await runOk('mount', [
        '-t',
        'torrent-fuse',
        '-o',
        `ro,data_dir=${dataDir},engine=embedded,no-dht,no-lsd`,
        'none',
        mountpoint,
      ]);
      expect((await run('findmnt', ['-no', 'OPTIONS', mountpoint])).stdout).toMatch(/^ro,/);
      expect((await run('ls', [mountpoint])).stdout).toBe('sample\n');
      expect(await torrentFuse(['umount', mountpoint])).toMatchObject({ code: 0 });
      const wrong = await run('mount', ['-t', 'torrent-fuse', '-o', 'rad_only', 'none', mountpoint]);
      expect(wrong.stderr).toMatch(/unknown option '--rad-only'/);
      expect(wrong.code).not.toBe(0);
    } finally {
      await torrentFuse(['install-service', '--uninstall']);
    }
    for (const helper of ['/sbin/mount.torrent-fuse', '/sbin/mount.fuse.torrent-fuse']) {
      expect(statSync(helper, { throwIfNoEntry: false })).toBeUndefined();
    }
  });
});

describe('under systemd', () => {
  it('the mount says when it is ready and when it stops', async () => {
    const { mountpoint, dataDir, mountArguments, folder } = scratch;
    const socket = join(folder, 'notify');
    const receiver = spawn('/usr/bin/python3', ['-u', '-c', receiverProgram, socket]);
    onTestFinished(() => void receiver.kill('SIGKILL'));
    let received = '';
    receiver.stdout.on('data', chunk => {
      received += chunk;
    });
    await expect.poll(() => received).toBe('bound\n');
    const mount = await MountProcess.start({
      mountpoint,
      dataDir,
      args: mountArguments,
      env: { NOTIFY_SOCKET: socket },
    });
    await expect.poll(() => received).toBe(`bound\nREADY=1\nMAINPID=${mount.pid}\n`);
    await mount.stop('SIGTERM');
    await expect.poll(() => received).toMatch(/\nSTOPPING=1\n$/);
  });
});

/** Node has no UNIX datagrams. */
const receiverProgram = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("bound")
while True:
    print(receiver.recv(4096).decode())
`;
