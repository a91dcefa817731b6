import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FILM_SIZE, type FilmMount } from './film-mount.ts';
import { CLI, isMounted } from './mount-process.ts';
import { run } from './run.ts';

export interface SeederLossCases {
  /** For the long absence. */
  readonly start: () => Promise<FilmMount>;
  /** For everything else. */
  readonly startAgain: () => Promise<FilmMount>;
  readonly shortAbsences: number;
}

/** What a reader sees whose only seeder goes away, whichever engine is behind the mount. */
export function describeSeederLoss(title: string, { start, startAgain, shortAbsences }: SeederLossCases): void {
  describe(title, () => {
    it('waits 60 s and goes on when it returns; ls and stat answer meanwhile', { timeout: 240_000 }, async () => {
      const film = await start();
      const reading = film.hash();
      await film.untilUploaded(FILM_SIZE / 4);
      await film.seederLeaves();
      const away = delay(60_000); // the absence is the subject of the test
      for (let round = 0; round < 5; round++) await film.listAndStat();
      await away;
      await film.seederReturns();
      expect(await reading).toBe(await film.sourceHash());
    });

    it(`goes on after each of ${shortAbsences} short absences`, { timeout: 240_000 }, async () => {
      const film = await startAgain();
      const reading = film.hash();
      for (let absence = 1; absence <= shortAbsences; absence++) {
        await film.untilUploaded((FILM_SIZE * absence) / 8);
        await film.seederLeaves();
        await delay(2000); // the absence is the subject of the test
        await film.seederReturns();
      }
      expect(await reading).toBe(await film.sourceHash());
    });

    it('lets go of a reader that is killed, and umount returns', async () => {
      const film = await startAgain();
      await film.seederLeaves();
      const reader = await film.waitingReader();
      const gone = once(reader, 'exit');
      reader.kill('SIGINT');
      await gone;
      const umount = await run(process.execPath, [CLI, 'umount', film.mount.mountpoint]);
      expect(umount).toMatchObject({ code: 0 });
      expect(isMounted(film.mount.mountpoint)).toBe(false);
      expect(await film.mount.stop()).toBe(0); // it was gone when umount returned
    });
  });
}
