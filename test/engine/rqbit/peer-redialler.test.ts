import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RqbitClient } from '../../../src/engine/rqbit/client.ts';
import { PeerRedialler } from '../../../src/engine/rqbit/peer-redialler.ts';
import { TorrentRestarter } from '../../../src/engine/rqbit/torrent-restarter.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

const torrent = makeTorrent({ name: 'x', content: 'x' });
const PEERS = ['127.0.0.1:9', '127.0.0.1:10'];

let server: LyingRqbit;
let client: RqbitClient;
let restarter: TorrentRestarter;
let redialler: PeerRedialler;

beforeEach(async () => {
  server = await LyingRqbit.start();
  server.add(torrent.bytes);
  client = new RqbitClient({ url: server.url, credentials: undefined });
  restarter = new TorrentRestarter({ client });
  redialler = new PeerRedialler({ restarter, logger: silentLogger }, { firstMs: 60 });
});

afterEach(async () => {
  restarter.stop();
  await client.close();
  await server.stop();
});

/** A reader that waits, seen every ten milliseconds. */
async function waitingReader(connectedPeers: number, milliseconds: number): Promise<void> {
  for (let waited = 0; waited < milliseconds; waited += 10) {
    redialler.observe(torrent.infoHash, connectedPeers);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

const actions = () => server.requests.map(request => request.split('/').at(-1));

describe('peers that were lost', () => {
  it('are dialled again by pausing and starting, when a reader waited without any', async () => {
    restarter.note(torrent.infoHash, PEERS);
    await waitingReader(0, 100);
    await expect.poll(actions).toEqual(['pause', 'start', 'add_peers']);
    expect(server.torrents.get(torrent.infoHash)).toMatchObject({ state: 'live', peers: PEERS });
  });

  it('are left alone while one is connected, or when none were given', async () => {
    await waitingReader(0, 100);
    restarter.note(torrent.infoHash, PEERS);
    await waitingReader(1, 100);
    expect(actions()).toEqual([]);
  });

  it('never leave the torrent paused because the server failed in between', async () => {
    server.lie(/start/, { kind: 'hang-up' }, 4);
    restarter.note(torrent.infoHash, PEERS);
    await waitingReader(0, 100);
    await expect.poll(() => server.torrents.get(torrent.infoHash)?.state, { timeout: 10_000 }).toBe('live');
    await expect.poll(() => restarter.isRestarting(torrent.infoHash)).toBe(false);
  });
});
