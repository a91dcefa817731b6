import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TorrentRoot } from '../../src/fs/torrent-root.ts';
import { TreePublisher } from '../../src/fs/tree-publisher.ts';
import { eventually } from '../fixtures/eventually.ts';
import { SlowLaneHarness } from './slow-lane-harness.ts';

const TORRENTS = 100;

let mount: SlowLaneHarness;
let root: TorrentRoot;

/** A catalog with so much in it that no stretch of work could take it all in. */
beforeEach(async () => {
  mount = new SlowLaneHarness();
  const files = Array.from({ length: 2000 }, (_, index) => ({ path: [`folder ${index % 50}`, `${index}`], length: 1 }));
  for (let index = 0; index < TORRENTS; index++) mount.engine.addTorrent({ name: `t${index}`, files });
  await eventually(() => expect(mount.root.all()).toHaveLength(TORRENTS));
  const trees = new TreePublisher({ port: new MessageChannel().port1 });
  root = new TorrentRoot({ catalog: mount.catalog, trees, onNameGone: () => {} });
});

afterEach(async () => {
  root.stop();
  await mount.discard();
});

it('gives every torrent its entry, and lets others have their turn meanwhile', async () => {
  let turns = 0;
  const counter = setInterval(() => turns++);
  await root.mountAll(new AbortController().signal);
  clearInterval(counter);
  expect(turns).toBeGreaterThan(1);
  const namesOf = (of: TorrentRoot) =>
    of
      .all()
      .map(({ name }) => name)
      .sort();
  expect(namesOf(root)).toEqual(namesOf(mount.root));
});

it('gives none to a torrent that is removed before its turn, and one to what comes meanwhile', async () => {
  const mounting = root.mountAll(new AbortController().signal);
  const last = mount.catalog.torrents().at(-1);
  if (last !== undefined) mount.catalog.remove(last.infoHash, { deleteData: false });
  mount.engine.addTorrent({ name: 'late', length: 10 });
  await mounting;
  await eventually(() => expect(root.byName('late')).toBeDefined());
  expect(root.all()).toHaveLength(TORRENTS);
});

it('ends when the mount is given up', async () => {
  const controller = new AbortController();
  const mounting = root.mountAll(controller.signal);
  controller.abort(new Error('interrupted'));
  await expect(mounting).rejects.toThrow('interrupted');
});
