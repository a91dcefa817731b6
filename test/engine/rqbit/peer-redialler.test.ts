import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RqbitClient } from '../../../src/engine/rqbit/client.ts';
import { PeerRedialler } from '../../../src/engine/rqbit/peer-redialler.ts';
import { TorrentRestarter } from '../../../src/engine/rqbit/torrent-restarter.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

const torrent = makeTorrent({ name: 'x', content: 'x' });
const PEERS = ['127.0.0.1:9', '127.0.0.1:10'];

let server: LyingRqbit;
let client: RqbitClient;
let restarter: TorrentRestarter;
let clock: FakeClock;
let redialler: PeerRedialler;

beforeEach(async () => {
  server = await LyingRqbit.start();
  server.add(torrent.bytes);
  client = new RqbitClient({ url: server.url, credentials: undefined });
  restarter = new TorrentRestarter({ client });
  clock = new FakeClock();
  redialler = new PeerRedialler({ restarter, logger: silentLogger, clock });
});

afterEach(async () => {
  restarter.stop();
  await client.close();
  await server.stop();
});

/** A reader that waits for twelve seconds, seen every two. */
function waitingReader(connectedPeers: number): void {
  for (let look = 0; look <= 6; look++) {
    redialler.observe(torrent.infoHash, connectedPeers);
    clock.advance(2000);
  }
}

const actions = () => server.requests.map(request => request.split('/').at(-1));

describe('peers that were lost', () => {
  it('are dialled again by pausing and starting, when a reader waited without any', async () => {
    restarter.note(torrent.infoHash, PEERS);
    waitingReader(0);
    await expect.poll(actions).toEqual(['pause', 'start', 'add_peers']);
    expect(server.torrents.get(torrent.infoHash)).toMatchObject({ state: 'live', peers: PEERS });
  });

  it('are left alone while one is connected, or when none were given', async () => {
    waitingReader(0);
    expect(restarter.isRestarting(torrent.infoHash)).toBe(false);
    restarter.note(torrent.infoHash, PEERS);
    waitingReader(1);
    expect(restarter.isRestarting(torrent.infoHash)).toBe(false);
  });

  it('never leave the torrent paused because the server failed in between', async () => {
    server.lie(/start/, { kind: 'hang-up' }, 4);
    restarter.note(torrent.infoHash, PEERS);
    waitingReader(0);
    await expect.poll(() => server.torrents.get(torrent.infoHash)?.state, { timeout: 10_000 }).toBe('live');
    await expect.poll(() => restarter.isRestarting(torrent.infoHash)).toBe(false);
  });
});
