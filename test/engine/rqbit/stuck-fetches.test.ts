import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RqbitClient } from '../../../src/engine/rqbit/client.ts';
import { StuckFetches } from '../../../src/engine/rqbit/stuck-fetches.ts';
import { TorrentRestarter } from '../../../src/engine/rqbit/torrent-restarter.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

const torrent = makeTorrent({ name: 'x', content: 'x' });

let server: LyingRqbit;
let client: RqbitClient;
let restarter: TorrentRestarter;
let stuck: StuckFetches;

beforeEach(async () => {
  server = await LyingRqbit.start();
  server.add(torrent.bytes);
  client = new RqbitClient({ url: server.url, credentials: undefined });
  restarter = new TorrentRestarter({ client });
  stuck = new StuckFetches({ restarter, logger: silentLogger }, { stuckMs: 50 });
});

afterEach(async () => {
  restarter.stop();
  await client.close();
  await server.stop();
});

/** A reader that waits, seen every ten milliseconds, of a torrent with so many bytes fetched. */
async function waitingReader(fetchedBytes: (look: number) => number, milliseconds: number): Promise<void> {
  for (let look = 0; look * 10 < milliseconds; look++) {
    stuck.observe(torrent.infoHash, fetchedBytes(look));
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

const actions = () => server.requests.map(request => request.split('/').at(-1));

describe('a torrent with connected peers from which nothing comes', () => {
  it('is restarted once, and then left alone for a while', async () => {
    await waitingReader(() => 1000, 300);
    await expect.poll(actions).toEqual(['pause', 'start']);
    expect(server.torrents.get(torrent.infoHash)).toMatchObject({ state: 'live' });
  });

  it('is left alone while bytes come', async () => {
    await waitingReader(look => look, 200);
    expect(actions()).toEqual([]);
  });

  it('is not taken for one that nobody waited for meanwhile', async () => {
    stuck.observe(torrent.infoHash, 1000);
    stuck.forget(torrent.infoHash);
    await new Promise(resolve => setTimeout(resolve, 60));
    stuck.observe(torrent.infoHash, 1000);
    expect(actions()).toEqual([]);
  });
});
