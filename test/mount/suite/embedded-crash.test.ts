import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { isMounted, LOOPBACK_ONLY, MountProcess } from '../harness/mount-process.ts';
import { run, runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

it('survives kill -9: umount and a new mount work, torrents and data are still there', async () => {
  const { torrents, peer } = inject('corpus');
  const folder = await scratchFolder();
  const place = { mountpoint: join(folder, 'mnt'), dataDir: join(folder, 'data') };
  const first = await MountProcess.start({
    ...place,
    sources: [torrents.random.torrentFile, torrents.media.magnet],
    args: [...LOOPBACK_ONLY, '--peer', peer],
  });
  await first.untilListed([torrents.media.name]);
  const expected = await runOk('sha256sum', [torrents.random.payload]);
  const hash = await runOk('sha256sum', [first.path(torrents.random.name)]);
  expect(hash.split(' ')[0]).toBe(expected.split(' ')[0]);

  await first.stop('SIGKILL');
  expect(isMounted(place.mountpoint)).toBe(true); // what a kill leaves behind: ENOTCONN for whoever looks
  expect((await run('ls', [place.mountpoint])).stderr).toContain('Transport endpoint is not connected');

  // No sources and no peers: whatever is there comes from the data directory.
  const second = await MountProcess.start({ ...place, args: [...LOOPBACK_ONLY] });
  await second.untilListed([torrents.random.name, torrents.media.name]);
  const again = await runOk('sha256sum', [second.path(torrents.random.name)]);
  expect(again.split(' ')[0]).toBe(expected.split(' ')[0]);
});

it('leaves a mount that umount can take away when it is killed', async () => {
  const { torrents } = inject('corpus');
  const folder = await scratchFolder();
  const mount = await MountProcess.start({
    sources: [torrents.big.torrentFile],
    mountpoint: join(folder, 'mnt'),
    dataDir: join(folder, 'data'),
    args: [...LOOPBACK_ONLY],
  });
  await mount.stop('SIGKILL');
  await runOk('umount', [mount.mountpoint]);
  expect(await readdir(mount.mountpoint)).toEqual([]);
});

it('keeps its data to its owner: folders 0700, files 0600', async () => {
  const { torrents, peer } = inject('corpus');
  const folder = await scratchFolder();
  const mount = await MountProcess.start({
    sources: [torrents.media.torrentFile],
    mountpoint: join(folder, 'mnt'),
    dataDir: join(folder, 'data'),
    args: [...LOOPBACK_ONLY, '--peer', peer],
  });
  await runOk('bash', ['-c', 'cat "$1"/* > /dev/null', 'bash', mount.path(torrents.media.name, 'data')]);
  await mount.stop();
  expect((await stat(join(folder, 'data'))).mode & 0o777).toBe(0o700);
  const modes = await runOk('find', [join(folder, 'data'), '-printf', '%y %m\n']);
  expect([...new Set(modes.trim().split('\n'))].sort()).toEqual(['d 700', 'f 600']);
});
