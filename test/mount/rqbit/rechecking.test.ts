import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { patternContent, sparseContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { RecordingProxy } from '../../swarm/recording-proxy.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { checkedRead } from '../harness/checked-read.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { overRqbit } from './over-rqbit.ts';

const FILM_SIZE = 24 * 2 ** 20;
/** All zeros, and takes rqbit seconds to hash. */
const BALLAST_SIZE = 4 * 2 ** 30;

const heavy = makeTorrent({
  name: 'heavy',
  pieceLength: 2 ** 20,
  files: [
    { path: 'film.bin', content: patternContent(FILM_SIZE, 'film') },
    { path: 'ballast.bin', content: sparseContent(BALLAST_SIZE, []) },
  ],
});

it('an rqbit that is killed in mid-read and refuses its streams while it checks: the read waits that out', {
  timeout: 600_000, // of a busy machine, which hashes all of it twice
}, async () => {
  const folder = await scratchFolder();
  writePayload(heavy, folder);
  const seeder = await Seeder.start({ torrents: [heavy], payloadDir: folder, rate: 4 * 2 ** 20 });
  const server = await RqbitServer.start({ persistence: true });
  await mkdir(join(server.downloads, 'heavy'), { recursive: true });
  await writeFile(join(server.downloads, 'heavy/ballast.bin'), '');
  await truncate(join(server.downloads, 'heavy/ballast.bin'), BALLAST_SIZE);
  const proxy = await RecordingProxy.start(server.url);
  const mount = await mountTorrents([heavy], {
    args: overRqbit(proxy, '--read-timeout', '10m', '--peer', seeder.address),
  });
  const torrents = async () => JSON.parse(await runOk('cat', [mount.path('.torrent-fuse/status.json')])).torrents;
  const source = join(folder, 'heavy/film.bin');
  const reading = checkedRead(mount.path('heavy/film.bin'), source, { timeoutMs: 550_000 });
  while ((await seeder.stats()).uploadedBytes < FILM_SIZE / 4) await delay(50);
  await server.kill();
  const beforeRestart = proxy.answers.length;
  await server.launch();
  // It goes on with its check when it is asked for the bytes, so that it is still at it.
  server.signal('SIGSTOP');
  const stream = `/torrents/${heavy.infoHash}/stream/0`;
  const asked = proxy.requests.length;
  await eventually(() => expect(proxy.requests.slice(asked)).toContain(`GET ${stream}`), 60_000);
  server.signal('SIGCONT');
  const refusals = () => proxy.answers.slice(beforeRestart).filter(({ status }) => status === 412 || status === 500);
  await eventually(async () => expect(refusals()).not.toEqual([]), 60_000);
  await runOk('ls', ['-l', mount.path('heavy')]);
  expect(await reading).toEqual({ right: FILM_SIZE, errno: null, wrong: false });

  expect(refusals()).toContainEqual({ method: 'GET', path: stream, status: 500 });
  await eventually(async () => expect(await torrents()).toMatchObject([{ info_hash: heavy.infoHash, mounted: true }]));
  const second = await checkedRead(mount.path('heavy/film.bin'), source);
  expect(second).toEqual({ right: FILM_SIZE, errno: null, wrong: false });
});
