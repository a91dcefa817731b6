import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { isAlive } from '../../../src/cli/serving-process.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { isMounted, MountProcess } from '../harness/mount-process.ts';
import { oneRead } from '../harness/one-read.ts';
import { run, runOk } from '../harness/run.ts';
import { removeScratchFolder } from '../harness/scratch.ts';
import { type CliScratch, cleanEnvironment, cliScratch, processesWith, torrentFuse } from './cli.ts';

let scratch: CliScratch;
beforeEach(async () => {
  scratch = await cliScratch();
});
afterEach(async () => {
  await run('umount', ['-l', scratch.mountpoint]);
  await removeScratchFolder(scratch.folder);
});

function startMount(args: readonly string[] = []): Promise<MountProcess> {
  const { mountpoint, dataDir, mountArguments } = scratch;
  return MountProcess.start({ mountpoint, dataDir, args: [...mountArguments, ...args] });
}

/** Holds the mount by its working directory, under the name `sh` all the time. */
async function holdMount(): Promise<ChildProcess> {
  const holder = spawn('sh', ['-c', 'cd "$1" && echo inside && read -r _', 'sh', scratch.mountpoint]);
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  return holder;
}

describe('a mount in the foreground', () => {
  it('prints plain lines on a pipe: engine, data, and last that it is ready', async () => {
    const mount = await startMount();
    expect(mount.output).toMatch(
      new RegExp(`^engine: embedded.*\ndata: ${scratch.dataDir}\nready: ${scratch.mountpoint}\n$`, 'm'),
    );
    expect(mount.output).not.toContain('\u001b');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s, and leaves nothing mounted', async signal => {
    const mount = await startMount();
    expect(await mount.stop(signal)).toBe(0);
    expect(isMounted(scratch.mountpoint)).toBe(false);
  });

  it('waits for files to be closed, says who holds them, and ends at once on a second signal', async () => {
    const mount = await startMount();
    const holder = await holdMount();
    const ended = once(mount.child, 'exit');
    mount.child.kill('SIGTERM');
    await untilOutput(
      mount,
      new RegExp(`waiting for files to be closed.*sh \\(${holder.pid}\\) by its working directory`),
    );
    expect(isMounted(scratch.mountpoint)).toBe(true);
    mount.child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(isMounted(scratch.mountpoint)).toBe(false);
  });

  it('ends by itself once the last file is closed', async () => {
    const mount = await startMount();
    const holder = await holdMount();
    const ended = once(mount.child, 'exit');
    mount.child.kill('SIGTERM');
    await untilOutput(mount, /waiting for files to be closed/);
    holder.kill('SIGKILL');
    expect(await ended).toEqual([0, null]);
  });

  it('detaches the mount after ten seconds, whoever holds it', async () => {
    const mount = await startMount();
    await holdMount();
    expect(await mount.stop('SIGTERM')).toBe(0);
    expect(isMounted(scratch.mountpoint)).toBe(false);
  });

  it('can be interrupted before it is ready, and leaves nothing mounted', async () => {
    const { mountpoint, dataDir } = scratch;
    const args = ['--engine=rqbit', '--rqbit-url=http://127.0.0.1:9', `--data-dir=${dataDir}`, mountpoint];
    const finished = torrentFuse(['mount', ...args]);
    await expect.poll(() => readFolder(dataDir)).toContain('lock');
    for (const pid of await processesWith(dataDir)) process.kill(Number(pid), 'SIGINT');
    const { code, stderr } = await finished;
    expect(stderr).toMatch(/torrent-fuse: interrupted before the mount was ready; nothing is mounted\n$/);
    expect(code).toBe(1);
    expect(isMounted(mountpoint)).toBe(false);
  });

  it('takes up a new log file and a new level on SIGHUP', async () => {
    const log = join(scratch.folder, 'log');
    const config = join(scratch.folder, 'config.toml');
    writeFileSync(config, '[log]\nlevel = "warn"\n');
    const mount = await startMount([`--config=${config}`, `--log-file=${log}`]);
    renameSync(log, `${log}.1`);
    writeFileSync(config, '[log]\nlevel = "info"\n');
    mount.child.kill('SIGHUP');
    await expect.poll(() => readText(log)).toContain('configuration reloaded');
    expect(readText(log)).not.toContain('LOOKUP');
    writeFileSync(config, '[log]\nlevel = "debug"\n');
    mount.child.kill('SIGHUP');
    const lookUp = () => run('stat', [mount.path('nothing')]).then(() => readText(log));
    await expect.poll(lookUp).toMatch(/LOOKUP #\d+ .*"nothing"/);
    writeFileSync(config, '[log]\nlevel = "loud"\n');
    mount.child.kill('SIGHUP');
    await expect.poll(() => readText(log)).toContain('the one before stays');
    expect(isMounted(scratch.mountpoint)).toBe(true);
  });

  describe('on SIGHUP', () => {
    const policy = () => runOk('getfattr', ['--only-values', '-n', 'user.torrent.policy', sample()]);
    const sample = () => join(scratch.mountpoint, 'sample');
    const read = async () => (await oneRead(sample(), { offset: 0, length: 1000 })).errno;
    let log: string;
    let mount: MountProcess;
    afterEach(() => run('umount', ['-l', scratch.dataDir])); // where it is a small disk

    async function startWith(config: string): Promise<void> {
      log = join(scratch.folder, 'log');
      writeConfig(config);
      mount = await startMount([`--config=${join(scratch.folder, 'config.toml')}`, `--log-file=${log}`]);
    }

    function writeConfig(config: string): void {
      writeFileSync(join(scratch.folder, 'config.toml'), config);
    }

    async function reload(config: string, text = 'configuration reloaded'): Promise<void> {
      writeConfig(config);
      mount.child.kill('SIGHUP');
      await expect.poll(() => readText(log)).toContain(text);
    }

    it('adds the sources that were not configured before, and leaves out what was removed', async () => {
      const other = makeTorrent({ name: 'other', content: 'x' });
      writeFileSync(join(scratch.folder, 'other.torrent'), other.bytes);
      await startWith(`[torrents]\nsources = ["${scratch.torrent}"]\n`);
      await runOk('rm', [sample()]);
      await reload(`[torrents]\nsources = ["${scratch.torrent}", "${join(scratch.folder, 'other.torrent')}"]\n`);
      expect(await runOk('ls', [scratch.mountpoint])).toBe('other\n');
    });

    it('lets the next read follow what it is to do when bytes are missing', async () => {
      const sources = `[torrents]\nsources = ["${scratch.torrent}"]\n`;
      await startWith(`${sources}[read]\ntimeout = "1s"\n`);
      expect([await policy(), await read()]).toEqual(['wait:1s', 'ETIMEDOUT']);
      await reload(`${sources}[read]\nwhen_missing = "eagain"\n`);
      expect([await policy(), await read()]).toEqual(['eagain', 'EAGAIN']);
    });

    it('keeps all as it was when a source cannot be added', async () => {
      const { dataDir, folder, torrent } = scratch;
      mkdirSync(dataDir);
      await runOk('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', dataDir]);
      const other = makeTorrent({ name: 'other', content: 'x' });
      writeFileSync(join(folder, 'other.torrent'), other.bytes);
      const [before, after] = [`sources = ["${torrent}"]`, `sources = ["${torrent}", "${folder}/other.torrent"]`];
      await startWith(`[log]\nlevel = "warn"\n[torrents]\n${before}\n`);
      await run('sh', ['-c', 'cat /dev/zero > "$1/full"', 'sh', dataDir]);
      const changed = `[log]\nlevel = "info"\n[torrents]\n${after}\n[read]\nwhen_missing = "eagain"\n`;
      await reload(changed, 'the one before stays');
      expect(await policy()).toBe('wait:30s');
      await runOk('rm', [join(dataDir, 'full')]);
      await runOk('mv', [sample(), join(scratch.mountpoint, 'renamed')]); // which `info` would tell
      await reload(changed);
      expect(readText(log)).not.toContain('a torrent was renamed');
      expect(await runOk('ls', [scratch.mountpoint])).toBe('other\nrenamed\n');
    });
  });
});

describe('umount', () => {
  it('returns when the process is gone, and keeps the torrents for the next mount', async () => {
    const { mountpoint, torrent, dataDir } = scratch;
    const mount = await MountProcess.start({ mountpoint, dataDir, sources: [torrent], args: scratch.mountArguments });
    expect(await torrentFuse(['umount', mountpoint])).toMatchObject({
      code: 0,
      stdout: `unmounted: ${mountpoint}\n`,
      stderr: '',
    });
    expect(isAlive(mount.pid)).toBe(false);
    await startMount();
    expect(JSON.parse((await torrentFuse(['list', '--json', mountpoint])).stdout).torrents).toMatchObject([
      { name: 'sample' },
    ]);
  });

  it('refuses while somebody is inside, and says who; with --force it does not mind', async () => {
    const mount = await startMount();
    const holder = await holdMount();
    const refused = await torrentFuse(['umount', scratch.mountpoint]);
    expect(refused.stderr).toBe(
      `torrent-fuse: ${scratch.mountpoint} is busy, held by sh (${holder.pid}) by its working directory; close them, or use --force\n`,
    );
    expect(refused.code).toBe(1);
    expect(await torrentFuse(['umount', '--force', scratch.mountpoint])).toMatchObject({ code: 0, stderr: '' });
    expect(isMounted(scratch.mountpoint)).toBe(false);
    expect(isAlive(mount.pid)).toBe(false);
  });

  it('works for an ordinary user', async () => {
    const { mountpoint, dataDir, mountArguments } = scratch;
    await MountProcess.start({ mountpoint, dataDir, args: mountArguments, uid: 65534 });
    expect(await torrentFuse(['umount', mountpoint], { asNobody: true })).toMatchObject({ code: 0, stderr: '' });
    expect(isMounted(mountpoint)).toBe(false);
  });

  it('cleans up after a process that was killed, and so does the next mount', async () => {
    const { mountpoint, mountArguments } = scratch;
    const cleanUps = [
      ['umount', mountpoint],
      ['mount', '--daemon', ...mountArguments, mountpoint],
    ];
    for (const cleanUp of cleanUps) {
      const mount = await startMount();
      await mount.stop('SIGKILL');
      expect(isMounted(mountpoint)).toBe(true);
      expect((await torrentFuse(['status'])).stdout).toMatch(new RegExp(`^${mountpoint} +stale `, 'm'));
      expect(await torrentFuse(cleanUp)).toMatchObject({ code: 0 });
    }
    expect(await torrentFuse(['umount', mountpoint])).toMatchObject({ code: 0 });
    expect(isMounted(mountpoint)).toBe(false);
  });

  it('waits its turn, as every command for one mount, while its process stands still for a moment', async () => {
    const mount = await startMount();
    mount.child.kill('SIGSTOP');
    onTestFinished(() => void mount.child.kill('SIGCONT'));
    const list = torrentFuse(['list', scratch.mountpoint]);
    // Which takes two seconds: the list has asked by then.
    expect((await torrentFuse(['status', scratch.mountpoint])).stdout).toMatch(/not answering/);
    mount.child.kill('SIGCONT');
    expect(await list).toMatchObject({ code: 0, stdout: expect.stringContaining('no torrents') });
  });

  it('ends a mount whose process does not answer', async () => {
    const mount = await startMount();
    mount.child.kill('SIGSTOP');
    onTestFinished(() => void mount.child.kill('SIGCONT'));
    const status = await torrentFuse(['status', scratch.mountpoint]);
    expect(status.stdout).toMatch(/not answering/);
    expect(status.code).toBe(1);
    const ended = torrentFuse(['umount', '--force', scratch.mountpoint]);
    await expect.poll(() => isMounted(scratch.mountpoint)).toBe(false);
    mount.child.kill('SIGCONT');
    expect(await ended).toMatchObject({ code: 0 });
  });
});

describe('a mount with --daemon', () => {
  it('returns when it answers, and has told all that the foreground tells', async () => {
    const { mountpoint, dataDir, mountArguments, torrent } = scratch;
    const { code, stdout, stderr } = await torrentFuse(['mount', '--daemon', ...mountArguments, torrent, mountpoint]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(`^engine: .*\ndata: .*\nready: ${mountpoint}\nlog: ${dataDir}/torrent-fuse\\.log\n$`),
    );
    expect((await run('ls', [mountpoint])).stdout).toBe('sample\n');
    expect(await torrentFuse(['umount', mountpoint])).toMatchObject({ code: 0 });
  });

  it('leaves no process, mount, socket or temporary file after ten rounds', async () => {
    const { mountpoint, mountArguments, folder } = scratch;
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    const env = cleanEnvironment({ TMPDIR: temporary });
    for (let round = 0; round < 10; round++) {
      expect(await torrentFuse(['mount', '--daemon', ...mountArguments, mountpoint], { env })).toMatchObject({
        code: 0,
      });
      expect(await torrentFuse(['umount', mountpoint], { env })).toMatchObject({ code: 0 });
    }
    expect(isMounted(mountpoint)).toBe(false);
    expect(await processesWith(folder)).toEqual([]);
    expect(readFolder(temporary)).toEqual([]);
    expect(readFolder(scratch.dataDir).filter(name => /sock|tmp/.test(name))).toEqual([]);
  });
});

async function untilOutput(mount: MountProcess, pattern: RegExp): Promise<void> {
  await expect.poll(() => mount.output).toMatch(pattern);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
