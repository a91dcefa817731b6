import { afterEach, beforeEach, expect, test } from 'vitest';
import { RqbitClient } from '../../../src/engine/rqbit/client.ts';
import { TorrentSetup } from '../../../src/engine/rqbit/torrent-setup.ts';
import { Deferred } from '../../../src/util/deferred.ts';
import { silentLogger } from '../../../src/util/logger.ts';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

const { bytes, infoHash } = makeTorrent({ name: 'x', content: 'x' });

let server: LyingRqbit;
let client: RqbitClient;
let warnings: string[];
let restarted: string[];
let changed: Deferred<void>;

beforeEach(async () => {
  server = await LyingRqbit.start();
  client = new RqbitClient({ url: server.url, credentials: undefined });
  [warnings, restarted] = [[], []];
  changed = new Deferred();
});

afterEach(async () => {
  await client.close();
  await server.stop();
});

function setup(onDemand: boolean): TorrentSetup {
  const logger = { ...silentLogger, warn: (_: unknown, message: string) => void warnings.push(message) };
  const restarter = { restart: async () => void restarted.push(infoHash) };
  return new TorrentSetup({ client, logger, restarter, onChange: () => changed.resolve() }, { onDemand });
}

const requestsTo = (pattern: RegExp) => server.requests.filter(request => pattern.test(request));

test('waits for the check, then takes no file and lets peers be asked anew', async () => {
  const torrent = server.add(bytes);
  torrent.state = 'initializing';
  setup(true).begin(infoHash);
  await expect.poll(() => requestsTo(/stats/).length).toBeGreaterThan(1);
  expect([requestsTo(/update_only_files/).length, restarted]).toEqual([0, []]);
  torrent.state = 'live';
  await changed.promise;
  expect([torrent.selected.size, restarted]).toEqual([0, [infoHash]]);
});

test('leaves the files of a torrent as they are that is not on demand', async () => {
  const torrent = server.add(bytes);
  setup(false).begin(infoHash);
  await changed.promise;
  expect([torrent.selected.size, restarted]).toEqual([1, []]);
});

test('what fails is logged, and whoever waits for its end goes on', async () => {
  const setups = setup(true);
  setups.begin(infoHash);
  await setups.finished(infoHash);
  expect(warnings).toEqual(['a new torrent was not set up in rqbit']);
});

test('ends with the engine, and says nothing of it', async () => {
  server.add(bytes).state = 'initializing';
  const setups = setup(true);
  setups.begin(infoHash);
  await expect.poll(() => requestsTo(/stats/).length).toBeGreaterThan(0);
  await setups.stop();
  expect([warnings, restarted]).toEqual([[], []]);
});
