import { describe, expect, test, vi } from 'vitest';
import { jsonOutputs } from '../../../src/cli/json-output.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder, type SeederOptions } from '../../swarm/seeder.ts';
import { readInBackground } from '../harness/background-reader.ts';
import { listeningPorts } from '../harness/listening-ports.ts';
import { CLI, LOOPBACK_ONLY, type MountProcess } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { run, runOk } from '../harness/run.ts';
import { overRqbit } from '../rqbit/over-rqbit.ts';

const MiB = 2 ** 20;
const film = makeTorrent({ name: 'film.mkv', content: patternContent(8 * MiB, 'film'), pieceLength: 256 * 1024 });

const POLL = { timeout: 80_000, interval: 500 };

describe('torrent-fuse explain', () => {
  test('complete: nothing to do', async () => {
    const mount = await mountFilm(await Seeder.start({ torrents: [film] }));
    await runOk('sha256sum', [mount.path('film.mkv')]);
    await explained(
      mount,
      /^film\.mkv: complete, every read is answered at once$/m,
      /the last read needed pieces? .* of the file, all here|the whole file needs pieces 0–31 of the file, all here/,
      /estimate {2}readable now/,
    );
  });

  test('no peers: which pieces a waiting read lacks, and until when it waits', async () => {
    const mount = await mountFilm(undefined);
    readInBackground(mount.path('film.mkv'));
    await explained(
      mount,
      /^film\.mkv: there is no peer to fetch from$/m,
      /waiting reads need pieces? 0.* of the file; missing: 0/,
      /waits .* at offset 0 for .* fails in \d+ .* if none comes/,
      /peers {5}0 connected/,
      /advice .*--peer HOST:PORT/,
    );
    const json = await runOk(process.execPath, [CLI, 'explain', '--json', mount.path('film.mkv')]);
    expect(jsonOutputs.explain.parse(JSON.parse(json))).toMatchObject({
      situation: 'no-peers',
      need: { basis: 'waiting reads' },
      peers: 0,
    });
  });

  test('paused: the command that resumes it', async () => {
    const mount = await mountFilm(undefined);
    await runOk(process.execPath, [CLI, 'pause', mount.mountpoint, 'film.mkv']);
    await explained(mount, /^film\.mkv: the torrent is paused and the bytes are missing$/m, /torrent-fuse resume/);
  });

  test('slow peer: how long it will take', async () => {
    const mount = await mountFilm(await Seeder.start({ torrents: [film], rate: 48 * 1024 } satisfies SeederOptions));
    readInBackground(mount.path('film.mkv'));
    await explained(
      mount,
      /^film\.mkv: the bytes come slowly$/m,
      /peers {5}1 connected/,
      /estimate {2}readable in about/,
    );
  });

  test('who has the missing pieces: the seeder, and not a peer that has nothing', async () => {
    const seeder = await Seeder.start({ torrents: [film], rate: 48 * 1024 });
    const [port] = listeningPorts((await mountTorrents([film], { args: LOOPBACK_ONLY })).pid);
    const mount = await mountFilm(seeder, ['--peer', `127.0.0.1:${port}`]);
    readInBackground(mount.path('film.mkv'));
    const address = seeder.address.replaceAll('.', '\\.');
    await explained(
      mount,
      /^ {2}peers {5}2 connected/m,
      new RegExp(`^ {2}holders {3}1 peer has missing pieces: ${address} \\(all\\)$`, 'm'),
    );
    await vi.waitFor(async () => {
      const json = await runOk(process.execPath, [CLI, 'explain', '--json', mount.path('film.mkv')]);
      const why = jsonOutputs.explain.parse(JSON.parse(json));
      expect(why).toMatchObject({
        peers: 2,
        need: { holders: { rarest: 1, peers_total: 1, peers: [{ address: seeder.address }] } },
      });
      expect(why.need?.holders?.peers[0]?.pieces).toBe(why.need?.holders?.pieces);
    }, POLL);
  });

  test('stalled: a peer is connected and has nothing of what is needed', async () => {
    const [port] = listeningPorts((await mountTorrents([film], { args: LOOPBACK_ONLY })).pid);
    const mount = await mountFilm(undefined, ['--peer', `127.0.0.1:${port}`]);
    readInBackground(mount.path('film.mkv'));
    await explained(
      mount,
      /^film\.mkv: peers are connected, but none sends what is needed$/m,
      /^ {2}holders {3}no connected peer has a missing piece$/m,
      /^ {2}speed {5}0 B\/s$/m,
      /advice .*No connected peer has the missing pieces/,
    );
  });

  test('who has them, over rqbit, which does not tell: unknown', async () => {
    const server = await RqbitServer.start();
    const seeder = await Seeder.start({ torrents: [film], rate: 48 * 1024 });
    const mount = await mountTorrents([film], {
      args: overRqbit(server, '--rqbit-on-demand', '--peer', seeder.address),
    });
    readInBackground(mount.path('film.mkv'));
    await explained(
      mount,
      /^ {2}peers {5}1 connected/m,
      /^ {2}holders {3}unknown: this engine does not tell which peer has which piece$/m,
    );
  });

  test('engine down: where it should be, and what it failed with', async () => {
    const server = await RqbitServer.start();
    const args = ['--engine', 'rqbit', '--rqbit-url', server.url.href, '--status-poll-interval', '1s'];
    const mount = await mountTorrents([film], { args });
    await server.kill();
    await explained(
      mount,
      /^film\.mkv: the engine does not answer$/m,
      /engine .*rqbit.*127\.0\.0\.1/,
      /advice {4}Start the engine/,
    );
  });
});

/** Whose readers wait for as long as a test lasts. */
function mountFilm(seeder: Seeder | undefined, args: readonly string[] = []): Promise<MountProcess> {
  const peers = seeder ? ['--peer', seeder.address] : [];
  const patient = ['--status-poll-interval', '1s', '--read-timeout', '10m'];
  return mountTorrents([film], { args: [...LOOPBACK_ONLY, ...patient, ...peers, ...args] });
}

/** Until the command says all of this at once: what is not measured yet is not known yet, and a reader may not be there yet. */
async function explained(mount: MountProcess, ...facts: readonly RegExp[]): Promise<void> {
  const explain = async () => {
    const { stdout, stderr, signal } = await run(process.execPath, [CLI, 'explain', mount.path('film.mkv')]);
    for (const fact of facts) expect(stdout, `${signal ?? ''} ${stderr}`).toMatch(fact);
  };
  await vi.waitFor(explain, POLL);
}
