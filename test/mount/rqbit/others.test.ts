import { expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { type MadeTorrent, makeTorrent } from '../../fixtures/make-torrent.ts';
import { ManagedMount } from '../management/managed-mount.ts';

const season = makeTorrent({ name: 'Season', files: [{ path: 'a.mkv', content: patternContent(50_000, 'a') }] });
const film = makeTorrent({ name: 'film.mkv', content: patternContent(70_000, 'film') });

const post = async (managed: ManagedMount, path: string, body: Uint8Array | null = null) => {
  const response = await fetch(new URL(path, managed.server?.url), { method: 'POST', body });
  expect(response.status).toBe(200);
};
const addToRqbit = (managed: ManagedMount, { bytes }: MadeTorrent) => post(managed, 'torrents?overwrite=true', bytes);
const untilListed = (managed: ManagedMount, names: readonly string[]) =>
  eventually(async () => expect(await managed.list()).toEqual(names));

it('torrents that others add to rqbit or remove appear and vanish, whatever the kernel remembers of them', async () => {
  const managed = await ManagedMount.start('rqbit');
  const looks = 'stat -c %s "$M/Season/a.mkv" && stat -c %s "$M/film.mkv"';
  expect((await managed.sh(looks)).code).toBe(1); // now the kernel remembers that they are not there
  await addToRqbit(managed, season);
  await addToRqbit(managed, film);
  await untilListed(managed, ['Season', 'film.mkv']);
  await eventually(async () => expect(await managed.ok(looks)).toBe('50000\n70000\n')); // and now that they are
  await post(managed, `torrents/${season.infoHash}/forget`);
  await post(managed, `torrents/${film.infoHash}/delete`);
  await untilListed(managed, []);
  for (const path of ['Season', 'Season/a.mkv', 'film.mkv']) {
    // The listing comes from the mount, this from what the kernel remembers, which is told a moment later.
    await eventually(async () => {
      const stat = await managed.sh(`stat "$M/${path}"`);
      expect(stat).toMatchObject({ code: 1, stderr: expect.stringContaining('No such file or directory') });
    });
  }
  await addToRqbit(managed, season);
  await untilListed(managed, ['Season']);
  const again = async () => expect(await managed.ok('stat -c %s "$M/Season/a.mkv"')).toBe('50000\n');
  await eventually(again);
});

it('a reader of a torrent that somebody else removes is told, and does not wait', async () => {
  const managed = await ManagedMount.start('rqbit', () => ['--read-timeout', '10m']);
  await addToRqbit(managed, film);
  await untilListed(managed, ['film.mkv']);
  const reading = managed.sh('cat "$M/film.mkv"');
  await eventually(async () => expect(await managed.torrents()).toMatchObject([{ state: 'downloading' }]));
  await post(managed, `torrents/${film.infoHash}/forget`);
  expect(await reading).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/: \S/) });
});
