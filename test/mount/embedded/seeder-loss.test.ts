import { FilmMount } from '../harness/film-mount.ts';
import { LOOPBACK_ONLY } from '../harness/mount-process.ts';
import { describeSeederLoss } from '../harness/seeder-loss.ts';

const start = () => FilmMount.start({ args: [...LOOPBACK_ONLY, '--read-timeout', '3m'] });

describeSeederLoss('when the seeder goes away in the middle of a read', { start, startAgain: start, shortAbsences: 5 });
