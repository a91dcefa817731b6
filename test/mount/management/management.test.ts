import { describe, expect, it } from 'vitest';
import { eventually } from '../../fixtures/eventually.ts';
import { type MadeTorrent, magnetOf, makeTorrent } from '../../fixtures/make-torrent.ts';
import type { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { type EngineKind, ManagedMount } from './managed-mount.ts';
import { stallEngine } from './stalled-engine.ts';

const season = makeTorrent({
  name: 'Season',
  files: [
    { path: 'a.mkv', content: 'a'.repeat(1000) },
    { path: 'extras/b.mkv', content: 'b' },
  ],
});
const film = makeTorrent({ name: 'film.mkv', content: 'film' });
const late = makeTorrent({ name: 'late.bin', content: 'late' });
const hash = 'ab'.repeat(20);

const pathOf = async (managed: ManagedMount, { name, bytes }: MadeTorrent) =>
  managed.writeBeside(`${name}.torrent`, bytes);

describe.each<EngineKind>(['embedded', 'rqbit'])('torrents over the %s engine', kind => {
  async function withSeason(): Promise<ManagedMount> {
    const managed = await ManagedMount.start(kind);
    await pathOf(managed, season);
    await managed.ok('cp Season.torrent "$M"');
    await managed.untilSettled();
    return managed;
  }

  it.each([
    ['cp', 'cp film.mkv.torrent "$M/"'],
    ['cp -a', 'cp -a film.mkv.torrent "$M/x.torrent"'],
    ['mv', 'mv film.mkv.torrent "$M/"'],
    ['tee', 'tee "$M/x.torrent" < film.mkv.torrent > /dev/null'],
    ['cat', 'cat film.mkv.torrent > "$M/x.torrent"'],
    ['rsync', 'rsync film.mkv.torrent "$M/"'],
    ['rsync -a', 'rsync -a film.mkv.torrent "$M/x.torrent"'],
    // It adds the torrent, then cannot set the times of a file that has vanished.
    ['rsync --inplace', 'rsync --inplace film.mkv.torrent "$M/x.torrent" 2> /dev/null; [ $? = 23 ]'],
    ['dd with a small block', 'dd if=film.mkv.torrent of="$M/x.torrent" bs=7 status=none'],
  ])('are added by %s of a .torrent', async (_, command) => {
    const managed = await ManagedMount.start(kind);
    await pathOf(managed, film);
    await managed.ok(command);
    expect(await managed.list()).toEqual(['film.mkv']);
    await managed.untilSettled();
    expect(await managed.errors()).toEqual([]);
  });

  it('are added by a magnet or an info hash in a file, listed as resolving, and can be removed', async () => {
    const managed = await ManagedMount.start(kind);
    await managed.ok(`echo "magnet:?xt=urn:btih:${hash}&dn=slow" > "$M/x.magnet"`);
    await managed.ok(`echo ${'cd'.repeat(20)} | tee "$M/y.txt"`);
    expect(await managed.torrents()).toMatchObject([
      { name: 'slow', state: 'resolving', mounted: false },
      { info_hash: 'cd'.repeat(20), state: 'resolving' },
    ]);
    expect(await managed.list()).toEqual([]);
    await managed.cliOk('remove', managed.mount.mountpoint, 'slow');
    await managed.cliOk('remove', managed.mount.mountpoint, 'cd'.repeat(20));
    expect(await managed.torrents()).toEqual([]);
  });

  it('are added by the command line', async () => {
    const managed = await ManagedMount.start(kind);
    await managed.cliOk('add', managed.mount.mountpoint, await pathOf(managed, film));
    expect(await managed.list()).toEqual(['film.mkv']);
    expect(await managed.cli('add', managed.mount.mountpoint, managed.beside('film.mkv.torrent'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('film.mkv'),
    });
  });

  it('are added from a watch folder, once', async () => {
    const managed = await ManagedMount.start(kind, watched => ['--watch-dir', watched]);
    await managed.ok('mkdir watched');
    await pathOf(managed, film);
    await managed.ok('cp film.mkv.torrent watched/');
    await eventually(async () => expect(await managed.list()).toEqual(['film.mkv']));
    await managed.untilSettled();
    await managed.ok('rm "$M/film.mkv"');
    expect(await managed.mount.stop()).toBe(0);
    await managed.remount();
    await managed.ok(`echo ${hash} > watched/x.magnet`);
    await eventually(async () => expect(await managed.torrents()).toMatchObject([{ info_hash: hash }]));
    expect(await managed.list()).toEqual([]);
  });

  it('that are no torrents, or are there, are refused to the program that writes, and in the errors', async () => {
    const managed = await withSeason();
    await managed.writeBeside('half.torrent', season.bytes.subarray(0, 50));
    const refused = async (script: string, message: string) =>
      expect(await managed.sh(script)).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    await refused('echo garbage > "$M/a.magnet"', 'Invalid argument');
    await refused('cp half.torrent "$M"', 'Invalid argument');
    const byRsync = await managed.sh('rsync half.torrent "$M/r.torrent"');
    expect(byRsync).toMatchObject({ code: 23, stderr: expect.stringContaining('Invalid argument') });
    expect(await managed.ok('ls -A "$M"')).toBe('Season\n');
    await refused('cp Season.torrent "$M/b.torrent"', 'File exists');
    await refused(`echo ${season.infoHash} > "$M/c.magnet"`, 'File exists');
    await refused('cp Season.torrent "$M/d.mkv"', 'Read-only file system');
    expect((await managed.errors()).map(({ name, errno }) => [name, errno])).toEqual([
      ['a.magnet', 'EINVAL'],
      ['half.torrent', 'EINVAL'],
      ['r.torrent', 'EINVAL'],
      ['b.torrent', 'EEXIST'],
      ['c.magnet', 'EEXIST'],
    ]);
    expect(await managed.list()).toEqual(['Season']);
  });

  it('of 9 MB of metadata are taken; of 20 MB, or refused with the option that helps', async () => {
    const managed = await ManagedMount.start(kind);
    const [nine, twenty] = [torrentOfMetadata(9e6), torrentOfMetadata(20e6)];
    await pathOf(managed, nine);
    await pathOf(managed, twenty);
    await managed.ok('cp 9000000.torrent "$M"');
    await managed.untilSettled();
    const kept = (torrent: MadeTorrent) => `"$M/.torrent-fuse/torrents/${torrent.infoHash}.torrent"`;
    await managed.ok(`cmp 9000000.torrent ${kept(nine)}`);
    await managed.ok('cp 20000000.torrent "$M"');
    if (kind === 'embedded') {
      await managed.untilSettled();
      expect(await managed.list()).toEqual(['9000000', '20000000'].sort());
      expect(await managed.errors()).toEqual([]);
      return;
    }
    await eventually(async () => {
      expect(await managed.errors()).toMatchObject([
        { name: '20000000.torrent', errno: 'EFBIG', reason: expect.stringContaining('--http-api-max-upload-size') },
      ]);
    });
    expect(await managed.list()).toEqual(['9000000']);
  });

  it('are added thirty at once', async () => {
    const managed = await ManagedMount.start(kind);
    const torrents = Array.from({ length: 30 }, (_, index) => makeTorrent({ name: `t${index}`, content: `${index}` }));
    for (const torrent of torrents) await pathOf(managed, torrent);
    await managed.ok(
      'for file in t*.torrent; do cp "$file" "$M" & done; for job in $(jobs -p); do wait $job || exit 1; done',
    );
    expect((await managed.list()).sort()).toEqual(torrents.map(({ name }) => name).sort());
    await managed.untilSettled();
    expect(await managed.errors()).toEqual([]);
  });

  it('are added once when several programs add the same at once', async () => {
    const managed = await ManagedMount.start(kind);
    await pathOf(managed, film);
    const added = await managed.ok(
      'for i in 1 2 3 4 5 6 7 8; do cp film.mkv.torrent "$M/$i.torrent" 2> /dev/null && echo added & done; wait',
    );
    expect(added).toBe('added\n');
    await managed.untilSettled();
    expect(await managed.list()).toEqual(['film.mkv']);
    expect((await managed.errors()).map(({ errno }) => errno)).toEqual(Array(7).fill('EEXIST'));
  });

  it('are added beside magnets that do not resolve, however many', async () => {
    const managed = await ManagedMount.start(kind);
    await pathOf(managed, film);
    const magnets = 'for i in $(seq 40); do printf "%040x" $i > "$M/$i.magnet" & done; wait';
    await managed.ok(`${magnets}; cp film.mkv.torrent "$M"`);
    await managed.untilSettled();
    const torrents = await managed.torrents();
    expect(torrents.filter(({ state }) => state === 'resolving')).toHaveLength(40);
    expect(torrents.filter(({ mounted }) => mounted)).toMatchObject([{ name: 'film.mkv' }]);
    expect(await managed.list()).toEqual(['film.mkv']);
  });

  it.each([
    ['rmdir', 'rmdir "$M/Season"'],
    ['find -delete', '! find "$M/Season" -delete 2> /dev/null'],
    ['the command line', 'torrent-fuse remove "$M" Season'],
  ])('are forgotten by %s, and taken back by adding them again', async (_, command) => {
    const managed = await withSeason();
    await managed.ok(command);
    expect(await managed.list()).toEqual([]);
    expect(await managed.cliOk('list', '--forgotten', managed.mount.mountpoint)).toContain('Season');
    await managed.ok(`echo ${season.infoHash} > "$M/again.magnet"`);
    expect(await managed.list()).toEqual(['Season']);
    await managed.untilSettled();
    expect(await managed.errors()).toEqual([]);
  });

  it('are not removed by rm -rf and shutil.rmtree', async () => {
    const managed = await withSeason();
    expect(await managed.sh('rm -rf "$M/Season"')).toMatchObject({ code: 1 });
    expect(
      await managed.sh("python3 -c \"import shutil, os; shutil.rmtree(os.environ['M'] + '/Season')\""),
    ).toMatchObject({ code: 1 });
    expect(await managed.ok('find "$M/Season" -type f | wc -l')).toBe('2\n');
  });

  it('are not removed while one of their files is open', async () => {
    const managed = await withSeason();
    expect(await managed.sh('exec 9< "$M/Season/a.mkv"; rmdir "$M/Season"')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Device or resource busy'),
    });
    await managed.ok('rmdir "$M/Season"');
  });

  it('are renamed for good', async () => {
    const managed = await withSeason();
    await managed.ok('mv "$M/Season" "$M/Series 1"');
    expect(await managed.list()).toEqual(['Series 1']);
    expect(await managed.ok('ls "$M/Series 1"')).toBe('a.mkv\nextras\n');
    expect(await managed.mount.stop()).toBe(0);
    await managed.remount();
    expect(await managed.list()).toEqual(['Series 1']);
  });

  it('are the same after kill -9: torrents, names, inode numbers, and magnets that resolve', async () => {
    const seeder = await Seeder.start({ torrents: [late] });
    await seeder.kill();
    const managed = await withSeason();
    await pathOf(managed, film);
    await managed.ok('cp film.mkv.torrent "$M" && mv "$M/film.mkv" "$M/renamed.mkv"');
    await managed.writeBeside('late.magnet', magnetOf(late, [seeder.address]));
    await managed.ok(`echo ${hash} > "$M/x.magnet" && cp late.magnet "$M"`);
    const inodes = 'cd "$M" && find . -printf "%i %p\\n" | sort';
    const before = await managed.ok(inodes);
    await managed.mount.stop('SIGKILL');
    await managed.cliOk('umount', managed.mount.mountpoint);
    await managed.remount();
    expect(await managed.ok(inodes)).toBe(before);
    expect(await managed.torrents()).toMatchObject([
      { name: 'Season', info_hash: season.infoHash, mounted: true },
      { name: 'renamed.mkv', info_hash: film.infoHash, mounted: true },
      { info_hash: hash, state: 'resolving' },
      { name: 'late.bin', info_hash: late.infoHash, state: 'resolving' },
    ]);
    await seeder.again();
    await eventually(async () => expect(await managed.list()).toContain('late.bin'), 90_000);
  });

  it('tell their state in attributes and take a policy', async () => {
    const managed = await withSeason();
    expect(await managed.ok('getfattr --only-values -n user.torrent.infohash "$M/Season"')).toBe(season.infoHash);
    const status = JSON.parse(await managed.ok('getfattr --only-values -n user.torrent.status "$M/Season/a.mkv"'));
    expect(status).toMatchObject({ info_hash: season.infoHash, total_bytes: 1001, total_pieces: 1 });
    await managed.cliOk('set', managed.mount.path('Season'), 'policy=eagain');
    expect(await managed.sh('cat "$M/Season/a.mkv"')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Resource temporarily unavailable'),
    });
  });
});

describe.each<EngineKind>(['embedded', 'rqbit'])('while the %s engine answers nothing', kind => {
  it('torrents are added, listed, renamed and removed all the same, and it hears of it later', async () => {
    const managed = await ManagedMount.start(kind);
    await pathOf(managed, season);
    await pathOf(managed, film);
    await managed.ok('cp Season.torrent "$M"');
    await managed.untilSettled();
    const goOn = await stallEngine(managed);
    // A system call that waited for the engine would not return, or only when a call to rqbit fails, after ten seconds.
    const limitMs = 9000;
    await managed.ok('cp film.mkv.torrent "$M" && mv "$M/film.mkv" "$M/renamed.mkv" && rmdir "$M/Season"', limitMs);
    await managed.ok(`echo ${hash} > "$M/x.magnet"`, limitMs);
    expect(await managed.ok('ls -1 "$M"', limitMs)).toBe('renamed.mkv\n');
    expect(await managed.ok('ls -lR "$M" && cat "$M/.torrent-fuse/errors"', limitMs)).toContain('renamed.mkv');
    expect(await managed.sh('cp film.mkv.torrent "$M/again.torrent"', limitMs)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('File exists'),
    });
    await managed.cliOk('remove', managed.mount.mountpoint, hash);
    // Two polls have gone unanswered: the engine was silent through all of the above.
    await eventually(async () => expect(await managed.torrents()).toMatchObject([{ state: 'unknown' }]), 60_000);
    await goOn();
    await managed.untilSettled();
    await eventually(async () => {
      const [renamed, ...others] = await managed.torrents();
      expect(others).toEqual([]);
      expect(['idle', 'downloading', 'stalled']).toContain(renamed?.state);
    }, 60_000);
    expect((await managed.errors()).map(({ errno }) => errno)).toEqual(['EEXIST']);
    if (managed.server !== undefined) expect(await infoHashesAt(managed.server)).toEqual([film.infoHash]);
  });
});

describe.each<EngineKind>(['embedded', 'rqbit'])(
  'a file that is opened first while the %s engine answers nothing',
  kind => {
    it('keeps neither its reader nor the end of the mount waiting', async () => {
      const managed = await ManagedMount.start(kind);
      await pathOf(managed, film);
      await managed.ok('cp film.mkv.torrent "$M"');
      await managed.untilSettled();
      const goOn = await stallEngine(managed);
      expect(await managed.sh('timeout --signal=INT 1 cat "$M/film.mkv"')).toMatchObject({ code: 124, stdout: '' });
      const ended = managed.mount.stop();
      await eventually(async () => expect(await managed.sh('mountpoint -q "$M"')).toMatchObject({ code: 32 }), 60_000);
      await goOn();
      expect(await ended).toBe(0);
    });
  },
);

describe('when rqbit', () => {
  it('comes back without its memory, it gets back what the mount added', async () => {
    const managed = await ManagedMount.start('rqbit');
    await pathOf(managed, film);
    await managed.ok('cp film.mkv.torrent "$M"');
    await managed.untilSettled();
    await managed.server?.kill();
    expect(await managed.list()).toEqual(['film.mkv']);
    await eventually(async () => expect(await managed.torrents()).toMatchObject([{ state: 'unknown' }]));
    await managed.server?.launch();
    await eventually(async () => {
      const response = await fetch(new URL('/torrents', managed.server?.url));
      expect(await response.text()).toContain(film.infoHash);
    }, 60_000); // after many failures the server is left alone for half a minute
    expect(await managed.list()).toEqual(['film.mkv']);
  });
});

async function infoHashesAt(server: RqbitServer): Promise<string[]> {
  const response = await fetch(new URL('/torrents', server.url));
  const { torrents } = (await response.json()) as { torrents: { info_hash: string }[] };
  return torrents.map(({ info_hash }) => info_hash);
}

/** A .torrent of a little over so many bytes, named by that; nobody has its payload. */
function torrentOfMetadata(bytes: number): MadeTorrent {
  const pieceCount = bytes / 20;
  const info = { length: pieceCount * 1024, pieces: Buffer.alloc(bytes, 'hash') };
  return makeTorrent({ name: `${bytes}`, pieceLength: 1024, info });
}
