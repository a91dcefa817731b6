import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../../fixtures/eventually.ts';
import { rqbitProcessesOver } from '../../swarm/rqbit-processes.ts';
import { rqbitBinary } from '../../swarm/rqbit-server.ts';
import { FILM_SIZE, FilmMount } from '../harness/film-mount.ts';
import { MountProcess } from '../harness/mount-process.ts';
import { runOk, shell } from '../harness/run.ts';

const OF_OUR_OWN = [
  ...['--engine', 'rqbit', '--rqbit-binary', rqbitBinary(), '--status-poll-interval', '500ms'],
  ...['--no-dht', '--no-trackers', '--no-lsd', '--listen-host', '127.0.0.1', '--read-timeout', '3m'],
];

it('an rqbit of our own, killed under a reading dd: the mount recovers by itself', { timeout: 240_000 }, async () => {
  const film = await FilmMount.start({ args: OF_OUR_OWN });
  const copying = shell('dd if="$1" bs=1M status=none | cmp - "$2"', [film.mountedFile, film.sourceFile], {
    timeoutMs: 200_000,
  });
  await film.untilUploaded(FILM_SIZE / 4);
  const [pid = Number.NaN] = await servers(film);
  process.kill(pid, 'SIGKILL');
  for (let round = 0; round < 5; round++) await film.listAndStat();
  expect(await copying).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(await servers(film)).toHaveLength(1);
  expect(await film.mount.stop()).toBe(0);
  expect(await servers(film)).toEqual([]);
});

it('our own kill -9 leaves no rqbit running, and the next mount has every torrent', async () => {
  const film = await FilmMount.start({ args: OF_OUR_OWN });
  expect(await servers(film)).toHaveLength(1);
  await film.mount.stop('SIGKILL');
  await eventually(async () => expect(await servers(film)).toEqual([]));
  const { mountpoint } = film.mount;
  const next = await MountProcess.start({ mountpoint, dataDir: film.dataDir, args: OF_OUR_OWN });
  await next.untilListed(['film.bin']);
  await eventually(async () => {
    const { torrents } = JSON.parse(await runOk('cat', [next.path('.torrent-fuse/status.json')]));
    expect(torrents).toMatchObject([{ name: 'film.bin', mounted: true }]);
    expect(['initializing', 'unknown', 'error']).not.toContain(torrents[0].state);
  }, 60_000);
});

function servers({ dataDir }: FilmMount): Promise<number[]> {
  return rqbitProcessesOver(join(dataDir, 'rqbit'));
}
