import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { FILM_SIZE, FilmMount } from '../harness/film-mount.ts';
import { CLI, isMounted, NOBODY } from '../harness/mount-process.ts';
import { run } from '../harness/run.ts';
import { overRqbit } from './over-rqbit.ts';

async function start(options: { readonly uid?: number } = {}): Promise<FilmMount> {
  const server = await RqbitServer.start();
  return FilmMount.start({ args: overRqbit(server, '--read-timeout', '3m'), ...options });
}

describe('when the seeder of an rqbit goes away in the middle of a read', () => {
  it('waits 60 s over HTTP alone and goes on when it returns; ls and stat answer', { timeout: 240_000 }, async () => {
    const film = await start({ uid: NOBODY }); // who cannot read the server's folder
    const reading = film.hash();
    await film.untilUploaded(FILM_SIZE / 4);
    await film.seederLeaves();
    const away = delay(60_000); // the absence is the subject of the test
    for (let round = 0; round < 5; round++) await film.listAndStat();
    await away;
    await film.seederReturns();
    expect(await reading).toBe(await film.sourceHash());
  });

  it('goes on after each of three short absences, with the files on this machine', { timeout: 240_000 }, async () => {
    const film = await start();
    const reading = film.hash();
    for (let absence = 1; absence <= 3; absence++) {
      await film.untilUploaded((FILM_SIZE * absence) / 8);
      await film.seederLeaves();
      await delay(2000); // the absence is the subject of the test
      await film.seederReturns();
    }
    expect(await reading).toBe(await film.sourceHash());
  });

  it('lets go of a reader that is killed, and umount returns within 5 s', async () => {
    const film = await start();
    await film.seederLeaves();
    const reader = await film.waitingReader();
    const gone = once(reader, 'exit');
    reader.kill('SIGINT');
    await gone;
    const umount = await run(process.execPath, [CLI, 'umount', film.mount.mountpoint], { timeoutMs: 5000 });
    expect(umount).toMatchObject({ code: 0 });
    expect(isMounted(film.mount.mountpoint)).toBe(false);
    expect(await film.mount.stop()).toBe(0);
  });
});
