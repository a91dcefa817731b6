import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RqbitClient } from '../../../src/engine/rqbit/client.ts';
import { TorrentRestarter } from '../../../src/engine/rqbit/torrent-restarter.ts';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

const { bytes, infoHash } = makeTorrent({ name: 'x', content: 'x' });

let server: LyingRqbit;
let client: RqbitClient;
let restarter: TorrentRestarter;

beforeEach(async () => {
  server = await LyingRqbit.start();
  server.add(bytes);
  client = new RqbitClient({ url: server.url, credentials: undefined });
  restarter = new TorrentRestarter({ client }, 15_000);
});

afterEach(async () => {
  await restarter.stop();
  await client.close();
  await server.stop();
});

const actions = () => server.requests.map(request => request.split('/').at(-1));
const state = () => server.torrents.get(infoHash)?.state;

describe('a torrent that is restarted', () => {
  it('is started again though the mount ends meanwhile', async () => {
    server.lie(/start/, { kind: 'hang-up' }, 2);
    const outcome = expect(restarter.restart(infoHash)).rejects.toMatchObject({ code: 'stopped' });
    await expect.poll(actions).toContain('start');
    await restarter.stop();
    expect(state()).toBe('live');
    await outcome;
  });

  it('does not hold up the end of the mount where the server is silent', async () => {
    server.lie(/start/, { kind: 'silence' });
    restarter = new TorrentRestarter({ client }, 100);
    const outcome = expect(restarter.restart(infoHash)).rejects.toMatchObject({ code: 'stopped' });
    await expect.poll(actions).toContain('start');
    await restarter.stop();
    await outcome;
  });

  it('is started again when nobody said whether it was paused', async () => {
    server.lie(/pause/, { kind: 'hang-up' }, 1);
    const torrent = server.torrents.get(infoHash);
    if (torrent !== undefined) torrent.state = 'paused';
    await restarter.restart(infoHash);
    expect(state()).toBe('live');
  });

  it('stays paused when others had paused it', async () => {
    await client.pause(infoHash, new AbortController());
    await expect(restarter.restart(infoHash)).rejects.toMatchObject({ status: 400 });
    expect(state()).toBe('paused');
  });

  it('is left alone once the mount ends', async () => {
    await restarter.stop();
    await expect(restarter.restart(infoHash)).rejects.toMatchObject({ code: 'stopped' });
    expect(actions()).toEqual([]);
  });
});
