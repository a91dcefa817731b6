import { existsSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { jsonOutputs } from '../../../src/cli/json-output.ts';
import { patternContent } from '../../fixtures/content.ts';
import { type MadeTorrent, makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { isMounted, LOOPBACK_ONLY, MountProcess } from '../harness/mount-process.ts';
import { type Finished, run, runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { overRqbit } from '../rqbit/over-rqbit.ts';
import { torrentFuse } from './cli.ts';

const film = makeTorrent({ name: 'film.mkv', content: patternContent(3_000_000, 'film') });
const song = makeTorrent({ name: 'song.flac', content: patternContent(500_000, 'song') });

/** Polls of the mounts, and many for a busy machine. */
const poll = { timeout: 60_000, interval: 200 };

interface Place {
  readonly folder: string;
  readonly film: string;
  readonly song: string;
  /** SHA-256 of the payload, by the name of the torrent. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** The torrents as files, and their payload beside them. */
async function makePlace(): Promise<Place> {
  const folder = await scratchFolder();
  const write = async ({ name, bytes }: MadeTorrent) => {
    const path = join(folder, `${name}.torrent`);
    await writeFile(path, bytes);
    return path;
  };
  const hashes: Record<string, string> = {};
  for (const torrent of [film, song]) {
    writePayload(torrent, folder);
    hashes[torrent.name] = await hashOf(join(folder, torrent.name));
  }
  return { folder, film: await write(film), song: await write(song), hashes };
}

function mountAt({ folder }: Place, name: string, args: readonly string[], ...sources: string[]) {
  return MountProcess.start({ sources, mountpoint: join(folder, name), dataDir: join(folder, `${name}-data`), args });
}

async function hashOf(path: string): Promise<string> {
  return (await runOk('sha256sum', [path])).split(' ')[0] ?? '';
}

async function namesIn(mount: MountProcess): Promise<string[]> {
  return (await runOk('ls', [mount.mountpoint])).split('\n').filter(name => name !== '');
}

/** Until `status` says that of them: a mount that has not answered within two seconds, since its machine is busy, may at the next look. */
async function untilStatus(...expected: readonly (readonly [MountProcess, object])[]): Promise<void> {
  const status = async () => {
    const { stdout } = await torrentFuse(['status', '--json']);
    const all = jsonOutputs.status.parse(JSON.parse(stdout)).mounts;
    return expected.map(([{ mountpoint }]) => all.find(each => each.mountpoint === mountpoint));
  };
  await expect.poll(status, poll).toMatchObject(expected.map(([, row]) => row));
}

it('embedded mounts side by side share nothing: each has its torrents, its data and its end', async () => {
  const place = await makePlace();
  const seeder = await Seeder.start({ torrents: [film, song] });
  const args = [...LOOPBACK_ONLY, '--listen-host=127.0.0.1', '--peer', seeder.address];
  const [both, one, none] = await Promise.all([
    mountAt(place, 'both', args, place.film, place.song),
    mountAt(place, 'one', args, place.film),
    mountAt(place, 'none', args),
  ]);
  expect(await Promise.all([both, one, none].map(namesIn))).toEqual([['film.mkv', 'song.flac'], ['film.mkv'], []]);
  await untilStatus(...[both, one, none].map(mount => [mount, { condition: 'answering', pid: mount.pid }] as const));
  const read = [both.path('film.mkv'), both.path('song.flac'), one.path('film.mkv')].map(hashOf);
  expect(await Promise.all(read)).toEqual([film, song, film].map(({ name }) => place.hashes[name]));

  one.child.kill('SIGSTOP');
  await untilStatus([both, { condition: 'answering' }], [one, { condition: 'not answering' }]);
  one.child.kill('SIGCONT');
  expect(await torrentFuse(['umount', both.mountpoint])).toMatchObject({ code: 0 });
  expect([both, one, none].map(({ mountpoint }) => isMounted(mountpoint))).toEqual([false, true, true]);
  expect(await torrentFuse(['add', none.mountpoint, place.song])).toMatchObject({ code: 0 });
  expect(await hashOf(none.path('song.flac'))).toBe(place.hashes['song.flac']);
  expect(await namesIn(one)).toEqual(['film.mkv']);
});

it('mount points over one rqbit show the same torrents, each under names of its own', async () => {
  const place = await makePlace();
  const seeder = await Seeder.start({ torrents: [film, song] });
  const server = await RqbitServer.start();
  const args = overRqbit(server, '--peer', seeder.address);
  const left = await mountAt(place, 'left', args, place.film);
  const right = await mountAt(place, 'right', args);
  await expect.poll(() => namesIn(right), poll).toEqual(['film.mkv']);
  expect(await torrentFuse(['add', right.mountpoint, place.song])).toMatchObject({ code: 0 });
  await expect.poll(() => namesIn(left), poll).toEqual(['film.mkv', 'song.flac']);
  expect(await Promise.all([left.path('song.flac'), right.path('song.flac')].map(hashOf))).toEqual([
    place.hashes['song.flac'],
    place.hashes['song.flac'],
  ]);

  await runOk('mv', [left.path('film.mkv'), left.path('renamed.mkv')]);
  expect([await namesIn(left), await namesIn(right)]).toEqual([
    ['renamed.mkv', 'song.flac'],
    ['film.mkv', 'song.flac'],
  ]);
  expect(await Promise.all([left.path('renamed.mkv'), right.path('film.mkv')].map(hashOf))).toEqual([
    place.hashes['film.mkv'],
    place.hashes['film.mkv'],
  ]);
});

it('what one mount point forgets is gone from the other too, and its data is kept', async () => {
  const place = await makePlace();
  const seeder = await Seeder.start({ torrents: [song] });
  const server = await RqbitServer.start();
  const args = overRqbit(server, '--peer', seeder.address);
  const left = await mountAt(place, 'left', args, place.song);
  const right = await mountAt(place, 'right', args);
  await expect.poll(() => namesIn(right), poll).toEqual(['song.flac']);
  expect(await hashOf(right.path('song.flac'))).toBe(place.hashes['song.flac']);
  await runOk('rm', [left.path('song.flac')]);
  await expect.poll(() => namesIn(right), poll).toEqual([]);
  expect(existsSync(join(server.downloads, 'song.flac'))).toBe(true);
});

it('one mount point of an rqbit ends, and neither the other nor the server minds', async () => {
  const place = await makePlace();
  const seeder = await Seeder.start({ torrents: [film] });
  const server = await RqbitServer.start();
  const args = overRqbit(server, '--peer', seeder.address);
  const left = await mountAt(place, 'left', args, place.film);
  const right = await mountAt(place, 'right', args);
  await expect.poll(() => namesIn(right), poll).toEqual(['film.mkv']);
  await left.stop('SIGKILL');
  await untilStatus([left, { condition: 'stale' }], [right, { condition: 'answering' }]);
  expect(await hashOf(right.path('film.mkv'))).toBe(place.hashes['film.mkv']);
});

it('of two mounts that want one data directory at the same moment, one gets it and the other says who has it', async () => {
  const { folder } = await makePlace();
  const dataDir = join(folder, 'data');
  const mountpoints = ['a', 'b'].map(name => join(folder, name));
  onTestFinished(async () => {
    for (const mountpoint of mountpoints.filter(isMounted)) {
      const { code } = await torrentFuse(['umount', '--force', mountpoint]);
      if (code !== 0) await run('umount', ['-l', mountpoint]);
    }
  });
  const finished = await Promise.all(
    mountpoints.map((mountpoint): Promise<Finished> => {
      mkdirSync(mountpoint);
      return torrentFuse(['mount', '--daemon', ...LOOPBACK_ONLY, `--data-dir=${dataDir}`, mountpoint]);
    }),
  );
  expect(finished.map(({ code }) => code).sort()).toEqual([0, 1]);
  expect(mountpoints.map(isMounted)).toEqual(finished.map(({ code }) => code === 0));
  expect(finished.find(({ code }) => code === 1)?.stderr).toMatch(
    new RegExp(
      `^torrent-fuse: data directory ${dataDir} is in use by .*; unmount that one, or choose another with --data-dir\n$`,
    ),
  );
});
