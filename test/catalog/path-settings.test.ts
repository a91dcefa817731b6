import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../src/catalog/journal.ts';
import { PathSettingsStore } from '../../src/catalog/path-settings.ts';
import { type InfoHash, parseInfoHash } from '../../src/engine/index.ts';
import { silentLogger } from '../../src/util/logger.ts';

describe('settings by path', () => {
  const infoHash = parseInfoHash('ab'.repeat(20)) as InfoHash;
  let dir: string;
  let journal: Journal;
  let settings: PathSettingsStore;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'torrent-fuse-settings-'));
    journal = Journal.open(dir, { logger: silentLogger });
    settings = new PathSettingsStore(journal);
  });
  afterEach(() => {
    journal.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const place = (...path: string[]) => ({ infoHash, path });
  const root = { infoHash: null, path: [] };

  it('are inherited key by key from the nearest ancestor that has them', () => {
    settings.change(root, { policy: 'wait', timeoutMs: 1000 });
    settings.change(place(), { policy: 'eagain', priority: 'low' });
    settings.change(place('a', 'b'), { timeoutMs: 5 });
    expect(settings.effective(root)).toEqual({ policy: 'wait', timeoutMs: 1000 });
    expect(settings.effective(place('a'))).toEqual({ policy: 'eagain', timeoutMs: 1000, priority: 'low' });
    expect(settings.effective(place('a', 'b', 'c'))).toEqual({ policy: 'eagain', timeoutMs: 5, priority: 'low' });
    expect(settings.own(place('a'))).toEqual({});
  });

  it('change key by key, and can be taken back', () => {
    settings.change(place('a'), { policy: 'eagain', priority: 'high' });
    settings.change(place('a'), { policy: undefined });
    expect(settings.own(place('a'))).toEqual({ priority: 'high' });
    settings.change(place('a'), { priority: undefined });
    expect(journal.state.settings.size).toBe(0);
  });

  it('are told by torrent, those of the whole mount first', () => {
    const other = parseInfoHash('cd'.repeat(20)) as InfoHash;
    settings.change({ infoHash: other, path: ['x'] }, { priority: 'high' });
    settings.change(place('a'), { pin: true });
    settings.change(root, { policy: 'wait' });
    expect([...settings.ofTorrent(infoHash)].map(({ path, settings }) => [path.join('/'), settings])).toEqual([
      ['', { policy: 'wait' }],
      ['a', { pin: true }],
    ]);
    expect([infoHash, other, null].map(each => settings.says(each, 'pin'))).toEqual([true, false, false]);
    settings.change(place('a'), { pin: undefined });
    expect(settings.says(infoHash, 'pin')).toBe(false);
  });

  it('go with a torrent that is deleted with its data', () => {
    settings.change(place('a'), { pin: true });
    journal.append({ type: 'removed', infoHash, name: 'show', deleteData: true, atSeconds: 1 });
    expect(settings.says(infoHash, 'pin')).toBe(false);
    expect(settings.own(place('a'))).toEqual({});
  });

  it('tell who listens what has changed where, once it is so', () => {
    const heard: unknown[] = [];
    const unsubscribe = settings.onChange((at, keys) => heard.push([at, [...keys], settings.own(at)]));
    settings.change(place('a'), { policy: 'wait', timeoutMs: undefined });
    settings.change(root, { pin: true });
    unsubscribe();
    settings.change(root, { pin: false });
    expect(heard).toEqual([
      [place('a'), ['policy', 'timeoutMs'], { policy: 'wait' }],
      [root, ['pin'], { pin: true }],
    ]);
  });

  it('are kept across restarts', () => {
    settings.change(place('a'), { policy: 'eagain' });
    journal.close();
    journal = Journal.open(dir, { logger: silentLogger });
    expect(new PathSettingsStore(journal).effective(place('a', 'b'))).toEqual({ policy: 'eagain' });
  });
});
