import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ThreadLogger } from '../../../src/engine/embedded/thread-logger.ts';
import type { FromThread } from '../../../src/engine/embedded/thread-messages.ts';
import { TorrentList } from '../../../src/engine/embedded/torrent-list.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { FakeSwarms } from './fake-swarm.ts';

const { infoHash, bytes, infoBytes } = makeTorrent({ name: 'listed', content: 'abc' });
const magnet = { infoHash, trackers: [], peers: ['127.0.0.2:2'] };
const never = new AbortController().signal;

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'torrent-list-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const posted: FromThread[] = [];
  const post = (message: FromThread) => void posted.push(message);
  const swarms = new FakeSwarms();
  const open = () => {
    const options = { folder, downloadAll: false, peers: [] };
    const list = new TorrentList({ options, swarm: () => swarms, logger: new ThreadLogger(post), post });
    onTestFinished(() => list.stop());
    return list;
  };
  const names = (list: TorrentList) => list.summaries().map(({ name }) => name);
  return { folder, posted, swarms, open, names };
}

test('a torrent that is added is there when the list is opened again, until it is forgotten', async () => {
  const { open, names, posted } = setUp();
  const first = open();
  await first.addMetainfo(infoHash, bytes, []);
  expect(posted[0]).toMatchObject({ kind: 'torrent', infoHash, state: 'initializing', pieceCount: 1 });
  await first.stop();
  const second = open();
  second.reopen();
  expect(names(second)).toEqual(['listed']);
  await second.forget(infoHash);
  expect(posted.at(-1)).toEqual({ kind: 'gone', infoHash });
  expect(() => second.require(infoHash)).toThrow(`no torrent ${infoHash}`);
  const third = open();
  third.reopen();
  expect(names(third)).toEqual([]);
});

test('a torrent of the last session that cannot be read is told and left alone', async () => {
  const { folder, posted, open, names } = setUp();
  const first = open();
  await first.addMetainfo(infoHash, bytes, []);
  await first.stop();
  writeFileSync(join(folder, infoHash, 'metainfo.torrent'), makeTorrent({ name: 'another', content: 'd' }).bytes);
  const second = open();
  second.reopen();
  expect(names(second)).toEqual([]);
  const fields = { infoHash, reason: 'it holds another torrent' };
  const message = 'a torrent of the last session cannot be opened';
  expect(posted.at(-1)).toEqual({ kind: 'log', level: 'error', fields, message });
});

test('a magnet whose metadata a peer sends goes on with the connections that it has', async () => {
  const { open, swarms, names } = setUp();
  const list = open();
  const added = list.addMagnet(magnet, never);
  await nextTurn();
  swarms.member.events.onInfo(infoBytes);
  await added;
  expect(names(list)).toEqual(['listed']);
  while (list.require(infoHash).state !== 'live') await nextTurn();
  expect([swarms.members.length, swarms.member.content?.infoBytes]).toEqual([1, infoBytes]);
});

test('metadata that is added while its magnet looks for it ends the search', async () => {
  const { open, swarms, names } = setUp();
  const list = open();
  const both = [list.addMagnet(magnet, never), list.addMetainfo(infoHash, bytes, ['127.0.0.3:3'])];
  await Promise.all(both);
  expect([names(list), swarms.members.length]).toEqual([['listed'], 1]);
  expect(swarms.member.dialled).toEqual(['127.0.0.2:2', '127.0.0.3:3']);
});

test('a torrent whose deletion fails is gone all the same: nobody serves it any more', async () => {
  const { folder, posted, open } = setUp();
  const list = open();
  await list.addMetainfo(infoHash, bytes, []);
  const state = join(folder, infoHash, 'state.json');
  rmSync(state);
  mkdirSync(state); // cannot be unlinked
  await expect(list.delete(infoHash)).rejects.toThrow();
  expect(posted.filter(({ kind }) => kind === 'gone')).toEqual([{ kind: 'gone', infoHash }]);
});

test('what is added again while it is removed does not begin once the engine stops', async () => {
  const { open, names } = setUp();
  const list = open();
  await list.addMetainfo(infoHash, bytes, []);
  const removal = list.delete(infoHash);
  const again = expect(list.addMetainfo(infoHash, bytes, [])).rejects.toThrow('the engine was stopped');
  await list.stop();
  await removal;
  await again;
  expect(names(list)).toEqual([]);
});
