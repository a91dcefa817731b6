import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CatalogFailure } from '../../src/catalog/catalog.ts';
import { Journal } from '../../src/catalog/journal.ts';
import { WatchFolder } from '../../src/catalog/watch-folder.ts';
import { EngineError, type TorrentSource } from '../../src/engine/index.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { eventually } from '../fixtures/eventually.ts';
import { makeTorrent } from '../fixtures/make-torrent.ts';

describe('a watch folder', () => {
  const torrent = makeTorrent({ name: 'film', content: 'payload' });
  let dir: string;
  let path: string;
  let journal: Journal;
  let folder: WatchFolder | undefined;
  let added: TorrentSource[];
  let failures: Omit<CatalogFailure, 'atMs'>[];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'torrent-fuse-watch-'));
    path = join(dir, 'folder');
    mkdirSync(path);
    journal = Journal.open(dir, { logger: silentLogger });
    added = [];
    failures = [];
  });

  afterEach(async () => {
    await folder?.stop();
    journal.close();
    rmSync(dir, { recursive: true, force: true });
  });

  function watch(add = (source: TorrentSource): void => void added.push(source)): void {
    const catalog = {
      add(source: TorrentSource) {
        add(source);
        return { url: '', addedAtSeconds: 0, lastError: undefined };
      },
      report: (failure: Omit<CatalogFailure, 'atMs'>) => void failures.push(failure),
    };
    folder = new WatchFolder({ path, catalog, journal, logger: silentLogger, intervalMs: 10 });
  }

  /** Two more looks have been taken: what was to be seen has been seen. */
  async function lookTwice(): Promise<void> {
    const reads = vi.spyOn(journal.state.watched, 'keys');
    await eventually(() => expect(reads.mock.calls.length).toBeGreaterThan(2));
    reads.mockRestore();
  }

  it('adds what it holds, once, and what comes later', async () => {
    writeFileSync(join(path, 'a.torrent'), torrent.bytes);
    watch();
    await eventually(() => expect(added).toMatchObject([{ kind: 'metainfo', infoHash: torrent.infoHash }]));
    writeFileSync(join(path, 'b.magnet'), `${'ab'.repeat(20)}\n`);
    await eventually(() => expect(added).toMatchObject([{}, { kind: 'magnet', infoHash: 'ab'.repeat(20) }]));
    await lookTwice();
    expect(added).toHaveLength(2);
  });

  it('does not add again at the next start what it has added', async () => {
    writeFileSync(join(path, 'a.torrent'), torrent.bytes);
    watch();
    await eventually(() => expect(journal.state.watched.has('a.torrent')).toBe(true));
    await folder?.stop();
    journal.close();
    journal = Journal.open(dir, { logger: silentLogger });
    watch();
    await lookTwice();
    expect(added).toHaveLength(1);
  });

  it('knows a file again whose file system has another device number, also by what an older version wrote', async () => {
    const film = join(path, 'a.torrent');
    writeFileSync(film, torrent.bytes);
    const { ino, size, mtimeNs } = statSync(film, { bigint: true });
    journal.append({ type: 'watched', name: 'a.torrent', identity: `7:${ino}:${size}:${mtimeNs}` });
    writeFileSync(join(path, 'b.torrent'), torrent.bytes);
    const b = statSync(join(path, 'b.torrent'), { bigint: true });
    watch();
    await lookTwice();
    await eventually(() => expect(journal.state.watched.get('b.torrent')).toBe(`${b.ino}:${b.size}:${b.mtimeNs}`));
    expect(added).toHaveLength(1);
  });

  it('forgets nothing while an empty folder stands in its place, as one that is not mounted does', async () => {
    writeFileSync(join(path, 'a.torrent'), torrent.bytes);
    watch();
    await eventually(() => expect(journal.state.watched.has('a.torrent')).toBe(true));
    renameSync(path, join(dir, 'unmounted'));
    mkdirSync(path);
    await lookTwice();
    rmSync(path, { recursive: true });
    renameSync(join(dir, 'unmounted'), path);
    await lookTwice();
    expect(added).toHaveLength(1);
  });

  it('tells of a bad file once, and takes it when it is mended', async () => {
    writeFileSync(join(path, 'a.torrent'), torrent.bytes.subarray(0, 50));
    watch();
    await eventually(() => expect(failures).toMatchObject([{ name: 'a.torrent', error: { code: 'bad-source' } }]));
    await lookTwice();
    expect(failures).toHaveLength(1);
    appendFileSync(join(path, 'a.torrent'), torrent.bytes.subarray(50));
    await eventually(() => expect(added).toHaveLength(1));
  });

  it('says nothing of duplicates', async () => {
    writeFileSync(join(path, 'a.torrent'), torrent.bytes);
    watch(() => {
      throw new EngineError('duplicate', 'there already');
    });
    await eventually(() => expect(journal.state.watched.has('a.torrent')).toBe(true));
    expect(failures).toEqual([]);
  });

  it('takes a file again when the disk had no space for it', async () => {
    writeFileSync(join(path, 'a.torrent'), torrent.bytes);
    let attempts = 0;
    watch(source => {
      attempts += 1;
      if (attempts < 3) throw new EngineError('no-space', 'full');
      added.push(source);
    });
    await eventually(() => expect(added).toHaveLength(1));
    expect(failures).toEqual([]);
  });

  it('looks at nothing but files of the two kinds, and follows no link', async () => {
    writeFileSync(join(path, 'a.torrent.part'), torrent.bytes);
    writeFileSync(join(path, '.a.torrent'), torrent.bytes);
    mkdirSync(join(path, 'b.torrent'));
    writeFileSync(join(dir, 'real.torrent'), torrent.bytes);
    symlinkSync(join(dir, 'real.torrent'), join(path, 'c.torrent'));
    watch();
    await lookTwice();
    expect(added).toEqual([]);
    expect(failures).toEqual([]);
  });

  it('forgets what is gone, and waits for a folder that is not there', async () => {
    writeFileSync(join(path, 'a.torrent'), torrent.bytes);
    watch();
    await eventually(() => expect(journal.state.watched.has('a.torrent')).toBe(true));
    unlinkSync(join(path, 'a.torrent'));
    await eventually(() => expect(journal.state.watched.size).toBe(0));
    rmSync(path, { recursive: true });
    mkdirSync(path);
    writeFileSync(join(path, 'a.torrent'), torrent.bytes);
    await eventually(() => expect(added).toHaveLength(2));
  });
});
