import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CatalogEvent } from '../../src/catalog/catalog.ts';
import { Journal } from '../../src/catalog/journal.ts';
import { magnetOf, parseMagnet } from '../../src/catalog/magnet.ts';
import { MetainfoStore } from '../../src/catalog/metainfo-store.ts';
import { MountCatalog, type MountCatalogOptions } from '../../src/catalog/mount-catalog.ts';
import { EngineError, type InfoHash, parseInfoHash, type TorrentSource } from '../../src/engine/index.ts';
import { parseMetainfo } from '../../src/engine/metainfo.ts';
import { Deferred } from '../../src/util/deferred.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import { FakeTorrent } from '../fakes/fake-torrent.ts';
import { eventually } from '../fixtures/eventually.ts';

const signal = new AbortController().signal;
const dropped = { peers: [], origin: 'dropped.torrent' };

describe('the catalog of a mount', () => {
  let dir: string;
  let engine: FakeEngine;
  let events: CatalogEvent[];
  const running: MountCatalog[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'torrent-fuse-catalog-'));
    engine = new FakeEngine();
    events = [];
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map(catalog => catalog.stop()));
    rmSync(dir, { recursive: true, force: true });
  });

  const timing = (pollIntervalMs: number) => ({ pollIntervalMs, stalledTimeoutMs: 300_000 });

  function open(options: Partial<MountCatalogOptions> = {}): MountCatalog {
    const catalog = new MountCatalog({
      engine,
      journal: Journal.open(dir, { logger: silentLogger }),
      store: new MetainfoStore(dir),
      logger: silentLogger,
      peers: [],
      timing: timing(100),
      ...options,
    });
    catalog.onEvent(event => events.push(event));
    running.push(catalog);
    return catalog;
  }

  async function stop(catalog: MountCatalog): Promise<void> {
    running.splice(running.indexOf(catalog), 1);
    await catalog.stop();
  }

  const kinds = (kind: CatalogEvent['kind']) => events.filter(event => event.kind === kind);
  const listed = async () => (await engine.list({ signal })).map(({ infoHash }) => infoHash);

  describe('adding a .torrent', () => {
    it('shows it at once, and tells the engine afterwards', async () => {
      const torrent = new FakeTorrent({ name: 'film', length: 1000 });
      engine.swarm.set(torrent.infoHash, torrent);
      const catalog = open();
      catalog.add(metainfoOf(torrent), dropped);
      expect(events).toMatchObject([{ kind: 'appeared', torrent: { name: 'film', state: 'initializing' } }]);
      expect(catalog.get(torrent.infoHash)?.details?.totalLength).toBe(1000);
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('idle'));
    });

    it('is kept across a crash while the engine answers nothing', async () => {
      const torrent = engine.publish({ name: 'film', length: 1000 });
      const release = engine.hang('add');
      open().add(metainfoOf(torrent), dropped);
      const after = open();
      expect(after.get(torrent.infoHash)).toMatchObject({ name: 'film', state: 'initializing' });
      release();
      await eventually(() => expect(after.get(torrent.infoHash)?.state).toBe('idle'));
    });

    it('refuses a duplicate by its info hash, and says as what it is there', () => {
      const torrent = engine.publish({ name: 'film', length: 1000 });
      const catalog = open();
      catalog.add(metainfoOf(torrent), dropped);
      expect(() => catalog.add(magnetOf(torrent.infoHash), dropped)).toThrow(
        expect.objectContaining({
          code: 'duplicate',
          message: expect.stringContaining('in the mount already, as "film"'),
        }),
      );
    });

    it('that the engine refuses for good takes it out again and says why', async () => {
      const torrent = engine.publish({ name: 'film', length: 1000 });
      engine.failCall('add', 1, new EngineError('bad-source', 'not this one'));
      const catalog = open();
      catalog.add(metainfoOf(torrent), dropped);
      await eventually(() => expect(kinds('vanished')).toHaveLength(1));
      expect(catalog.failures()).toMatchObject([{ name: 'dropped.torrent', error: { message: 'not this one' } }]);
      await expect(catalog.whenAccepted(torrent.infoHash, signal)).rejects.toMatchObject({ code: 'not-found' });
      await stop(catalog);
      expect(open().torrents()).toEqual([]);
    });

    it('is tried again while the engine is out of reach, and readers can wait for it', async () => {
      const torrent = engine.publish({ name: 'film', length: 1000 });
      engine.failCall('add', 1, new EngineError('unavailable', 'starting'));
      const catalog = open();
      catalog.add(metainfoOf(torrent), dropped);
      await catalog.whenAccepted(torrent.infoHash, signal);
      expect(await listed()).toEqual([torrent.infoHash]);
      expect(catalog.failures()).toEqual([]);
    });

    it('changes nothing when the journal cannot be written', () => {
      const torrent = engine.publish({ name: 'film', length: 1000 });
      const journal = Journal.open(dir, { logger: silentLogger });
      const catalog = open({ journal });
      vi.spyOn(journal, 'append').mockImplementation(() => {
        throw new EngineError('no-space', 'the disk is full');
      });
      expect(() => catalog.add(metainfoOf(torrent), dropped)).toThrow('the disk is full');
      expect(catalog.torrents()).toEqual([]);
      expect(events).toEqual([]);
    });
  });

  describe('adding a magnet', () => {
    it('lists it as resolving until its metadata is there', async () => {
      const torrent = new FakeTorrent({ name: 'film', length: 1000 });
      const catalog = open();
      catalog.add(magnetOf(torrent.infoHash, 'from dn'), dropped);
      expect(catalog.torrents()).toMatchObject([{ name: 'from dn', state: 'resolving', details: undefined }]);
      expect(events).toEqual([]);
      engine.publish({ name: 'film', length: 1000 });
      await eventually(() => expect(kinds('appeared')).toMatchObject([{ torrent: { name: 'film' } }]));
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('idle'));
    });

    it('is kept across crashes until it resolves', async () => {
      const torrent = new FakeTorrent({ name: 'film', length: 1000 });
      open().add(magnetOf(torrent.infoHash), dropped);
      open();
      const after = open();
      expect(after.torrents()).toMatchObject([{ infoHash: torrent.infoHash, state: 'resolving' }]);
      engine.publish({ name: 'film', length: 1000 });
      await eventually(() => expect(after.get(torrent.infoHash)?.name).toBe('film'));
    });

    it('dials the peers of the add and those of the mount', async () => {
      const torrent = engine.publish({ length: 10 });
      const add = vi.spyOn(engine, 'add');
      open({ peers: ['a:1', 'b:2'] }).add(magnetOf(torrent.infoHash), { peers: ['b:2', 'c:3'], origin: 'x' });
      await eventually(() => expect(add).toHaveBeenCalled());
      expect(add.mock.calls[0]?.[1].peers).toEqual(['b:2', 'c:3', 'a:1']);
    });

    it('that never resolves can be removed, and leaves nothing behind', async () => {
      const catalog = open();
      catalog.add(magnetOf(hash(7)), dropped);
      expect(catalog.remove(hash(7), { deleteData: false })).toBe(true);
      expect(catalog.torrents()).toEqual([]);
      await eventually(() => expect(engine.calls.get('forget')).toBe(1));
      engine.publish({ length: 10 });
      await stop(catalog);
      expect(open().torrents()).toEqual([]);
    });

    it('is helped by its .torrent', async () => {
      const torrent = new FakeTorrent({ name: 'film', length: 1000 });
      const catalog = open();
      catalog.add(magnetOf(torrent.infoHash), dropped);
      const hung = engine.hang('list');
      catalog.add(metainfoOf(torrent), dropped);
      expect(kinds('appeared')).toHaveLength(1);
      engine.publish({ name: 'film', length: 1000 });
      hung();
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('idle'));
    });

    it('blocks no .torrent, however many wait', async () => {
      const catalog = open();
      for (let i = 0; i < 100; i++) catalog.add(magnetOf(hash(i)), dropped);
      const torrent = engine.publish({ length: 10 });
      catalog.add(metainfoOf(torrent), dropped);
      await catalog.whenAccepted(torrent.infoHash, signal);
      expect(catalog.torrents()).toHaveLength(101);
    });
  });

  describe('adding a URL', () => {
    it('is listed by its URL until it is fetched', async () => {
      const torrent = new FakeTorrent({ name: 'film', length: 1000 });
      engine.swarm.set(torrent.infoHash, torrent);
      engine.urls.set('http://example.org/film.torrent', torrent);
      const catalog = open();
      catalog.add(urlOf('http://example.org/film.torrent'), dropped);
      expect(catalog.pendingUrls()).toMatchObject([{ url: 'http://example.org/film.torrent' }]);
      await eventually(() => expect(kinds('appeared')).toMatchObject([{ torrent: { name: 'film' } }]));
      expect(catalog.pendingUrls()).toEqual([]);
      expect(catalog.failures()).toEqual([]);
    });

    it('that leads nowhere, or to a torrent that is there, stands in the failures', async () => {
      const torrent = engine.publish({ name: 'film', length: 1000 });
      engine.urls.set('http://example.org/film.torrent', torrent);
      let now = 1_000_000;
      const catalog = open({ now: () => now });
      catalog.add(metainfoOf(torrent), dropped);
      now += 10_000;
      catalog.add(urlOf('http://example.org/none'), { peers: [], origin: 'a.magnet' });
      catalog.add(urlOf('http://example.org/film.torrent'), { peers: [], origin: 'b.magnet' });
      await eventually(() => expect(catalog.failures()).toHaveLength(2));
      expect(
        catalog
          .failures()
          .map(({ name, error }) => [name, error.code])
          .sort(),
      ).toEqual([
        ['a.magnet', 'bad-source'],
        ['b.magnet', 'duplicate'],
      ]);
      expect(catalog.pendingUrls()).toEqual([]);
    });

    it('survives a crash, and can be taken back', async () => {
      const hung = engine.hang('add');
      open().add(urlOf('http://example.org/x'), dropped);
      const after = open();
      expect(after.pendingUrls()).toMatchObject([{ url: 'http://example.org/x' }]);
      expect(after.removeUrl('http://example.org/x')).toBe(true);
      expect(after.removeUrl('http://example.org/x')).toBe(false);
      hung();
      await stop(after);
      expect(open().pendingUrls()).toEqual([]);
    });
  });

  describe('removing', () => {
    async function withFilm() {
      const torrent = engine.publish({ name: 'film', length: 1000 });
      const catalog = open();
      catalog.add(metainfoOf(torrent), dropped);
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('idle'));
      return { torrent, catalog, infoHash: torrent.infoHash };
    }

    it('is seen at once, whatever the engine does, and kept across a crash', async () => {
      const { catalog, infoHash } = await withFilm();
      const hung = engine.hang('forget');
      catalog.remove(infoHash, { deleteData: false });
      expect(catalog.torrents()).toEqual([]);
      expect(kinds('vanished')).toMatchObject([{ infoHash }]);
      const after = open();
      expect(after.torrents()).toEqual([]);
      expect(after.forgotten()).toMatchObject([{ infoHash, name: 'film' }]);
      hung();
      await eventually(async () => expect(await listed()).toEqual([]));
      expect(after.torrents()).toEqual([]);
      expect(engine.calls.get('delete')).toBeUndefined();
    });

    it('does not come back by polls that do not know of it yet', async () => {
      const { catalog, infoHash } = await withFilm();
      const before = engine.calls.get('list') ?? 0;
      const hung = engine.hang('forget');
      catalog.remove(infoHash, { deleteData: false });
      await eventually(() => expect(engine.calls.get('list')).toBeGreaterThan(before + 1));
      expect(catalog.torrents()).toEqual([]);
      hung();
      await eventually(async () => expect(await listed()).toEqual([]));
      expect(kinds('appeared')).toHaveLength(1);
    });

    it('is repeated while the engine is out of reach', async () => {
      const { catalog, infoHash } = await withFilm();
      engine.failCall('forget', 1, new EngineError('disconnected', 'gone'));
      catalog.remove(infoHash, { deleteData: false });
      await eventually(async () => expect(await listed()).toEqual([]));
      expect(catalog.failures()).toEqual([]);
    });

    it('that the engine refuses brings the torrent back with the reason', async () => {
      const { catalog, infoHash } = await withFilm();
      catalog.rename(infoHash, 'my film');
      engine.failCall('forget', 1, new EngineError('io', 'the session file is read-only'));
      catalog.remove(infoHash, { deleteData: false });
      await eventually(() => expect(catalog.get(infoHash)?.renamedTo).toBe('my film'));
      expect(catalog.failures()).toMatchObject([{ name: 'my film', error: { code: 'io' } }]);
      expect(catalog.forgotten()).toEqual([]);
      expect(kinds('appeared')).toHaveLength(2);
      await stop(catalog);
      expect(open().get(infoHash)?.renamedTo).toBe('my film');
    });

    it('deletes the data only in words', async () => {
      const { catalog, torrent, infoHash } = await withFilm();
      torrent.holdAll();
      catalog.remove(infoHash, { deleteData: true });
      await eventually(() => expect(torrent.heldCount).toBe(0));
      expect(catalog.forgotten()).toEqual([]);
      await eventually(() => expect(new MetainfoStore(dir).has(infoHash)).toBe(false));
    });

    it('is seen also where the .torrent was damaged meanwhile', async () => {
      const [film, other] = ['film', 'other'].map((name, seed) => engine.publish({ name, length: 1000, seed }));
      if (film === undefined || other === undefined) throw new Error('two were published');
      const catalog = open({ store: new MetainfoStore(dir, 1) });
      for (const torrent of [film, other]) catalog.add(metainfoOf(torrent), dropped);
      truncateSync(join(dir, 'metainfo', `${film.infoHash}.torrent`), 20);
      expect(catalog.get(film.infoHash)?.details).toBeUndefined();
      catalog.remove(film.infoHash, { deleteData: false });
      expect(kinds('vanished')).toMatchObject([{ infoHash: film.infoHash }]);
    });

    it('can be taken back without a peer, the trackers of the magnet included', async () => {
      const { catalog, infoHash } = await withFilm();
      const add = vi.spyOn(engine, 'add');
      catalog.remove(infoHash, { deleteData: false });
      await eventually(async () => expect(await listed()).toEqual([]));
      catalog.add(parseMagnet(`magnet:?xt=urn:btih:${infoHash}&tr=http://t/1&tr=udp://t:2&x.pe=p:3`), dropped);
      await catalog.whenAccepted(infoHash, signal);
      const [source, options] = add.mock.calls[0] ?? [];
      if (source?.kind !== 'metainfo') throw new Error(`the engine was given a ${source?.kind}`);
      expect(parseMetainfo(source.bytes).infoHash).toBe(infoHash);
      expect(Buffer.from(source.bytes).toString()).toContain('13:announce-listll10:http://t/1el9:udp://t:2ee');
      expect(options?.peers).toEqual(['p:3']);
    });

    it('can be taken back by adding it again, by its info hash alone', async () => {
      const { catalog, torrent, infoHash } = await withFilm();
      torrent.holdAll();
      const hung = engine.hang('forget');
      catalog.remove(infoHash, { deleteData: false });
      await eventually(() => expect(engine.calls.get('forget')).toBe(1));
      catalog.add(magnetOf(infoHash), dropped);
      expect(catalog.get(infoHash)).toMatchObject({ name: 'film' });
      expect(catalog.forgotten()).toEqual([]);
      hung();
      await eventually(() => expect(catalog.get(infoHash)?.state).toBe('seeding'));
      expect(await listed()).toEqual([infoHash]);
    });

    it('that deletes is over before the engine is given the torrent again', async () => {
      const { catalog, torrent, infoHash } = await withFilm();
      const order: string[] = [];
      const deleting = new Deferred<void>();
      vi.spyOn(engine, 'delete').mockImplementation(async () => {
        await deleting.promise; // whatever its signal says
        await engine.forget(infoHash, { signal });
        order.push('deleted');
      });
      const add = vi.spyOn(engine, 'add').mockImplementation(async () => {
        order.push('added');
        engine.addTorrent({ name: 'film', length: 1000 });
        return infoHash;
      });
      catalog.remove(infoHash, { deleteData: true });
      await eventually(() => expect(engine.delete).toHaveBeenCalled());
      catalog.add(metainfoOf(torrent), dropped);
      const polls = engine.calls.get('list') ?? 0;
      await eventually(() => expect(engine.calls.get('list')).toBeGreaterThan(polls + 1));
      expect(add).not.toHaveBeenCalled();
      deleting.resolve();
      await catalog.whenAccepted(infoHash, signal);
      expect(order).toEqual(['deleted', 'added']);
      await eventually(() => expect(catalog.get(infoHash)?.state).toBe('idle'));
    });

    it('that the engine does not answer holds up neither an end nor another removal', async () => {
      const { catalog, torrent, infoHash } = await withFilm();
      engine.hang('delete');
      catalog.remove(infoHash, { deleteData: true });
      await eventually(() => expect(engine.calls.get('delete')).toBe(1));
      catalog.add(metainfoOf(torrent), dropped);
      catalog.remove(infoHash, { deleteData: true });
      expect(catalog.torrents()).toEqual([]);
      await stop(catalog);
    });
  });

  describe('the engine', () => {
    it('tells of torrents that others add and remove', async () => {
      const there = engine.addTorrent({ name: 'there', length: 10 });
      const catalog = open();
      await eventually(() => expect(kinds('appeared')).toMatchObject([{ torrent: { name: 'there' } }]));
      const later = engine.addTorrent({ name: 'later', length: 20 });
      await eventually(() => expect(kinds('appeared')).toMatchObject([{}, { torrent: { name: 'later' } }]));
      await engine.forget(there.infoHash, { signal });
      await eventually(() => expect(kinds('vanished')).toMatchObject([{ infoHash: there.infoHash }]));
      expect(catalog.torrents()).toMatchObject([{ infoHash: later.infoHash }]);
      expect(catalog.forgotten()).toEqual([]);
    });

    it('that comes back without its memory gets back what this mount added, and only that', async () => {
      const mine = engine.publish({ name: 'mine', length: 10 });
      const other = engine.addTorrent({ name: 'other', length: 20 });
      const catalog = open();
      catalog.add(metainfoOf(mine), dropped);
      await eventually(() => expect(catalog.torrents().map(({ state }) => state)).toEqual(['idle', 'idle']));
      engine.failCall('list', 1, new EngineError('disconnected', 'restarting'));
      engine.failCall('list', 2, new EngineError('disconnected', 'restarting'));
      await engine.forget(mine.infoHash, { signal });
      await engine.forget(other.infoHash, { signal });
      await eventually(async () => expect(await listed()).toEqual([mine.infoHash]));
      await eventually(() => expect(catalog.get(other.infoHash)).toBeUndefined());
      expect(kinds('vanished')).toMatchObject([{ infoHash: other.infoHash }]);
    });

    it('that was started anew between two polls, its memory gone, gets back what this mount added', async () => {
      const mine = engine.publish({ name: 'mine', length: 10 });
      const other = engine.addTorrent({ name: 'other', length: 20 });
      const catalog = open();
      catalog.add(metainfoOf(mine), dropped);
      await eventually(() => expect(catalog.torrents().map(({ state }) => state)).toEqual(['idle', 'idle']));
      engine.uptimeMs = async () => 0;
      await engine.forget(mine.infoHash, { signal });
      await engine.forget(other.infoHash, { signal });
      await eventually(async () => expect(await listed()).toEqual([mine.infoHash]));
      await eventually(() => expect(catalog.get(other.infoHash)).toBeUndefined());
      expect(kinds('vanished')).toMatchObject([{ infoHash: other.infoHash }]);
    });

    it('that ran all along has had its torrent removed by another hand', async () => {
      const mine = engine.publish({ name: 'mine', length: 10 });
      const catalog = open();
      catalog.add(metainfoOf(mine), dropped);
      await eventually(() => expect(catalog.get(mine.infoHash)?.state).toBe('idle'));
      const uptime = vi.fn(async () => 3_600_000);
      engine.uptimeMs = uptime;
      await engine.forget(mine.infoHash, { signal });
      await eventually(() => expect(kinds('vanished')).toMatchObject([{ infoHash: mine.infoHash }]));
      expect([uptime.mock.calls.length, await listed()]).toEqual([1, []]);
    });

    it('that goes away before it says for how long it has run loses no torrent', async () => {
      const mine = engine.publish({ name: 'mine', length: 10 });
      const catalog = open();
      catalog.add(metainfoOf(mine), dropped);
      await eventually(() => expect(catalog.get(mine.infoHash)?.state).toBe('idle'));
      engine.uptimeMs = async () => {
        throw new EngineError('disconnected', 'gone');
      };
      await engine.forget(mine.infoHash, { signal });
      await eventually(async () => expect(await listed()).toEqual([mine.infoHash]));
      expect(kinds('vanished')).toEqual([]);
    });

    it('that is silent for two polls leaves every state unknown, until it answers', async () => {
      const torrent = engine.addTorrent({ length: 10 });
      const catalog = open({ timing: timing(60) });
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('idle'));
      for (const nth of [1, 2, 3]) engine.failCall('list', nth, new EngineError('connect-timeout', 'nobody'));
      await eventually(() => expect(kinds('state').at(-1)).toMatchObject({ torrent: { infoHash: torrent.infoHash } }));
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('unknown'));
      expect(catalog.engineAnswers).toBe(false);
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('idle'));
      expect(catalog.engineAnswers).toBe(true);
    });

    it('is asked once a poll, and for metadata once a torrent, however many there are', async () => {
      for (let seed = 0; seed < 50; seed++) engine.addTorrent({ length: 10, seed });
      const catalog = open({ timing: timing(60_000) });
      await eventually(() => expect(kinds('appeared')).toHaveLength(50));
      expect(engine.calls.get('list')).toBeLessThanOrEqual(2);
      expect(engine.calls.get('metainfo')).toBe(50);
      await stop(catalog);
      const before = engine.calls.get('list') ?? 0;
      open({ timing: timing(60_000) });
      await eventually(() => expect(engine.calls.get('list')).toBe(before + 1));
      expect(engine.calls.get('metainfo')).toBe(50);
    });

    it('carries out the last of pause and resume', async () => {
      const torrent = engine.addTorrent({ length: 10 });
      const catalog = open();
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('idle'));
      catalog.pause(torrent.infoHash);
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('paused'));
      catalog.resume(torrent.infoHash);
      catalog.pause(torrent.infoHash);
      catalog.resume(torrent.infoHash);
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('idle'));
      expect(engine.calls.get('pause')).toBe(1);
    });

    it('that answers nothing does not hold up the end', async () => {
      const torrent = engine.addTorrent({ length: 10 });
      const catalog = open();
      await eventually(() => expect(catalog.get(torrent.infoHash)?.state).toBe('idle'));
      for (const call of ['list', 'add', 'forget', 'pause', 'metainfo'] as const) engine.hang(call);
      catalog.add(magnetOf(hash(1)), dropped);
      catalog.pause(torrent.infoHash);
      engine.addTorrent({ length: 11 });
      await stop(catalog);
    });
  });

  describe('what it keeps', () => {
    it('is there at the next start, in the order in which it came, without the engine', async () => {
      const catalog = open();
      const torrents = ['c', 'a', 'b'].map((name, seed) => engine.publish({ name, length: 10, seed }));
      for (const torrent of torrents) catalog.add(metainfoOf(torrent), dropped);
      catalog.rename(torrents[1]?.infoHash ?? hash(0), 'renamed');
      await stop(catalog);
      engine.hang('list');
      const after = open();
      expect(after.torrents().map(({ name, renamedTo }) => renamedTo ?? name)).toEqual(['c', 'renamed', 'b']);
      expect(after.torrents().every(({ details }) => details?.totalLength === 10)).toBe(true);
    });

    it('is fetched again where a .torrent was damaged', async () => {
      const torrent = engine.addTorrent({ name: 'film', length: 1000 });
      const catalog = open();
      await eventually(() => expect(kinds('appeared')).toHaveLength(1));
      await stop(catalog);
      truncateSync(join(dir, 'metainfo', `${torrent.infoHash}.torrent`), 20);
      const after = open();
      expect(after.get(torrent.infoHash)?.details).toBeUndefined();
      await eventually(() => expect(after.get(torrent.infoHash)?.details?.name).toBe('film'));
      expect(Buffer.from(await after.metainfo(torrent.infoHash, signal))).toEqual(Buffer.from(torrent.metainfo));
    });
  });
});

function metainfoOf(torrent: FakeTorrent): TorrentSource {
  return { kind: 'metainfo', infoHash: torrent.infoHash, bytes: torrent.metainfo };
}

function urlOf(url: string): TorrentSource {
  return { kind: 'url', url: new URL(url) };
}

function hash(number: number): InfoHash {
  const infoHash = parseInfoHash(number.toString(16).padStart(40, '0'));
  if (infoHash === undefined) throw new Error(`${number} makes no info hash`);
  return infoHash;
}
