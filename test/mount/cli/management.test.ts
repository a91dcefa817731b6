import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { jsonOutputs as outputs } from '../../../src/cli/json-output.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { MountProcess } from '../harness/mount-process.ts';
import { type Finished, run } from '../harness/run.ts';
import { removeScratchFolder } from '../harness/scratch.ts';
import { type CliScratch, cliScratch, torrentFuse } from './cli.ts';

const unknownHash = 'c'.repeat(40);

let scratch: CliScratch;
let mount: MountProcess;
beforeAll(async () => {
  scratch = await cliScratch('first');
  const { mountpoint, dataDir, mountArguments } = scratch;
  mount = await MountProcess.startUnmanaged({ mountpoint, dataDir, args: mountArguments });
});
afterAll(async () => {
  await mount.destroy();
  await removeScratchFolder(scratch.folder);
});

/** Runs a command on the mount. */
function on(command: string, ...rest: readonly string[]): Promise<Finished> {
  return torrentFuse([command, scratch.mountpoint, ...rest]);
}

function parsed<T>(schema: z.ZodType<T>, { stdout }: Finished): T {
  return schema.parse(JSON.parse(stdout));
}

function writeTorrent(name: string): { path: string; infoHash: string } {
  const path = join(scratch.folder, `${name}.torrent`);
  const { bytes, infoHash } = makeTorrent({ name, content: Buffer.from(name.repeat(1000)) });
  writeFileSync(path, bytes);
  return { path, infoHash };
}

describe('add', () => {
  it('takes .torrent files, and says what they are', async () => {
    const second = writeTorrent('second');
    const { code, stdout, stderr } = await on('add', scratch.torrent, second.path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`added: first (${scratch.infoHash})\nadded: second (${second.infoHash})\n`);
    expect((await run('ls', [scratch.mountpoint])).stdout).toBe('first\nsecond\n');
  });

  it('goes on after a bad one, and fails in the end', async () => {
    const third = writeTorrent('third');
    const garbage = join(scratch.folder, 'garbage.torrent');
    writeFileSync(garbage, 'this is no torrent');
    const { code, stdout, stderr } = await on('add', garbage, scratch.torrent, third.path);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^torrent-fuse: .*garbage\.torrent: /);
    expect(lines[1]).toMatch(new RegExp(`^torrent-fuse: .*first\\.torrent: .*${scratch.infoHash}.*already`));
    expect(stdout).toBe(`added: third (${third.infoHash})\n`);
    expect(code).toBe(1);
  });

  it.each([
    ['not a source', /no magnet link, URL or info hash, and there is no file of that name/],
    ['magnet:?dn=nothing', /magnet/],
  ])('refuses %s', async (source, message) => {
    const { code, stderr } = await on('add', source);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  it('leaves a magnet without peers to the mount, where it is listed as resolving and can be removed', async () => {
    expect(await on('add', '--no-wait', unknownHash)).toMatchObject({ code: 0, stdout: `taken: ${unknownHash}\n` });
    const { torrents } = parsed(outputs.list, await on('list', '--json'));
    expect(torrents).toContainEqual(expect.objectContaining({ info_hash: unknownHash, state: 'resolving' }));
    expect((await on('list')).stdout).toMatch(new RegExp(`resolving .*${unknownHash}$`, 'm'));
    const again = await on('add', unknownHash);
    expect(again.stderr).toMatch(/already/);
    expect(await on('remove', unknownHash)).toMatchObject({ code: 0 });
    expect((await on('list')).stdout).not.toContain(unknownHash);
  });
});

describe('list and status', () => {
  it('are aligned for people, without escape codes on a pipe', async () => {
    const list = await on('list');
    expect(list.stdout).toMatch(
      new RegExp(
        `^NAME +STATE +DONE +SIZE +DOWN +PEERS +INFO HASH\nfirst +\\w+ +0 % +97\\.7 KiB +0 B/s +0 +${scratch.infoHash}$`,
        'm',
      ),
    );
    expect((await on('status')).stdout).toMatch(
      new RegExp(`^${scratch.mountpoint} +embedded.* \\d torrents +pid ${mount.pid}\nfirst +`),
    );
    expect(list.stdout).not.toContain('\u001b');
  });

  it('print JSON that follows its schema', async () => {
    const { mounts } = parsed(outputs.status, await torrentFuse(['status', '--json']));
    expect(mounts).toContainEqual(
      expect.objectContaining({ mountpoint: scratch.mountpoint, condition: 'answering', pid: mount.pid }),
    );
    expect(parsed(outputs.list, await on('list', '--json')).torrents).toContainEqual(
      expect.objectContaining({ name: 'first' }),
    );
    parsed(outputs.config, await torrentFuse(['config', '--json']));
    parsed(outputs.doctor, await torrentFuse(['doctor', '--json']));
  });

  it("show somebody else's mount as such", async () => {
    const other = await cliScratch();
    const { mountpoint, dataDir, mountArguments } = other;
    const theirs = await MountProcess.startUnmanaged({ mountpoint, dataDir, args: mountArguments, uid: 65534 });
    try {
      const { mounts } = parsed(outputs.status, await torrentFuse(['status', '--json']));
      expect(mounts.find(each => each.mountpoint === mountpoint)).toMatchObject({
        condition: 'not permitted',
        pid: theirs.pid,
      });
      const mine = await torrentFuse(['status', scratch.mountpoint], { asNobody: true });
      expect(mine.stderr).toMatch(/is not permitted; only the user who mounted it may look at it/);
      expect(mine.code).toBe(1);
    } finally {
      await theirs.destroy();
      await removeScratchFolder(other.folder);
    }
  });
});

describe('remove', () => {
  it('forgets a torrent by its name, keeps it among the forgotten, and takes it back', async () => {
    const { path, infoHash } = writeTorrent('fourth');
    await on('add', path);
    expect(await on('remove', 'fourth')).toMatchObject({
      code: 0,
      stdout: `removed, its data kept: fourth (${infoHash})\n`,
    });
    expect((await run('ls', [scratch.mountpoint])).stdout).not.toContain('fourth');
    const { forgotten } = parsed(outputs.list, await on('list', '--forgotten', '--json'));
    expect(forgotten).toContainEqual(expect.objectContaining({ name: 'fourth', info_hash: infoHash }));
    expect((await on('list', '--forgotten')).stdout).toMatch(/^NAME +REMOVED +INFO HASH\n(.*\n)*fourth +\d{4}-/);
    expect(await on('add', path)).toMatchObject({ code: 0 });
    const deleted = await on('remove', '--delete-data', infoHash.slice(0, 10));
    expect(deleted).toMatchObject({ code: 0, stdout: `removed, its data is being deleted: fourth (${infoHash})\n` });
  });

  it('refuses what is not there', async () => {
    const { code, stderr } = await on('remove', 'nothing');
    expect(stderr).toBe(
      `torrent-fuse: no torrent of ${scratch.mountpoint} is called nothing; 'torrent-fuse list ${scratch.mountpoint}' names them\n`,
    );
    expect(code).toBe(1);
  });
});

describe('pause, resume and set', () => {
  it('are told to the mount', async () => {
    expect(await on('pause', 'first')).toMatchObject({ code: 0, stdout: `paused: first (${scratch.infoHash})\n` });
    await expect.poll(() => stateOfFirst()).toBe('paused');
    expect(await on('resume', 'first')).toMatchObject({ code: 0, stdout: `resumed: first (${scratch.infoHash})\n` });
    await expect.poll(() => stateOfFirst()).not.toBe('paused');
    const file = join(scratch.mountpoint, 'first');
    expect(await torrentFuse(['set', file, 'policy=eagain', 'priority=high'])).toMatchObject({
      code: 0,
      stdout: 'set: policy=eagain priority=high\n',
    });
    expect((await run('head', ['-c', '1', file])).stderr).toMatch(/temporarily unavailable/);
    expect(await torrentFuse(['set', file, 'policy=default', 'timeout=1s'])).toMatchObject({ code: 0 });
    expect((await run('head', ['-c', '1', file])).stderr).toMatch(/timed out/);
  });

  it('refuse what cannot be', async () => {
    const missing = await torrentFuse(['set', join(scratch.mountpoint, 'nothing'), 'policy=wait']);
    expect(missing.stderr).toMatch(/there is no such torrent or path in the mount \(ENOENT\)/);
    expect(missing.code).toBe(1);
  });
});

async function stateOfFirst(): Promise<string | undefined> {
  const { torrents } = parsed(outputs.list, await on('list', '--json'));
  return torrents?.find(({ name }) => name === 'first')?.state;
}
