import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { FilmMount } from '../harness/film-mount.ts';
import { NOBODY } from '../harness/mount-process.ts';
import { describeSeederLoss } from '../harness/seeder-loss.ts';
import { overRqbit } from './over-rqbit.ts';

async function start(options: { readonly uid?: number } = {}): Promise<FilmMount> {
  const server = await RqbitServer.start();
  return FilmMount.start({ args: overRqbit(server, '--read-timeout', '3m'), ...options });
}

describeSeederLoss('when the seeder of an rqbit goes away in the middle of a read', {
  start: () => start({ uid: NOBODY }), // who cannot read the server's folder: over HTTP alone
  startAgain: () => start(), // with the files on this machine
  shortAbsences: 5,
});
