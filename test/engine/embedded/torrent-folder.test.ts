import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { noWishes, TorrentFolder } from '../../../src/engine/embedded/torrent-folder.ts';
import { infoHashOfSeed } from '../../fixtures/torrent-details.ts';

const infoHash = infoHashOfSeed(1);
const record = { paused: true, wishes: noWishes, peers: ['127.0.0.2:1'] };

function setUp() {
  const base = mkdtempSync(join(tmpdir(), 'folder-'));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const root = join(base, 'torrents');
  return { root, folder: new TorrentFolder(root, infoHash) };
}

test('a torrent is on the list from its creation until it is taken off', async () => {
  const { root, folder } = setUp();
  expect(TorrentFolder.listed(root)).toEqual([]);
  folder.create(Buffer.from('metainfo'), record);
  writeFileSync(join(folder.files, 'payload'), 'bytes');
  expect(TorrentFolder.listed(root).map(listed => listed.infoHash)).toEqual([infoHash]);
  expect(Buffer.from(folder.readMetainfo()).toString()).toBe('metainfo');
  expect(folder.readRecord()).toEqual(record);
  folder.unlist();
  folder.unlist();
  expect(TorrentFolder.listed(root)).toEqual([]);
  expect(readdirSync(folder.files)).toEqual(['payload']);
  await folder.delete();
  await folder.delete();
  expect(readdirSync(root)).toEqual([]);
});

test('what is no torrent of ours is passed over', () => {
  const { root } = setUp();
  TorrentFolder.listed(root);
  mkdirSync(join(root, 'lost+found'));
  mkdirSync(join(root, infoHashOfSeed(2)));
  expect(TorrentFolder.listed(root)).toEqual([]);
  expect(statSync(root).mode & 0o777).toBe(0o700);
});

test('a record that is damaged keeps the torrent on the list', () => {
  const { root, folder } = setUp();
  folder.create(Buffer.from('metainfo'), record);
  for (const text of ['', '{', '[]', 'null', '{"paused":"yes","peers":[5,"127.0.0.2:1"],"wishes":{"wanted":[1]}}']) {
    writeFileSync(join(root, infoHash, 'state.json'), text);
    expect(folder.readRecord()).toMatchObject({ paused: false, wishes: noWishes });
  }
  expect(folder.readRecord()?.peers).toEqual(['127.0.0.2:1']);
});
