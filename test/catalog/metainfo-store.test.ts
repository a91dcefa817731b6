import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MetainfoStore } from '../../src/catalog/metainfo-store.ts';
import { FakeTorrent } from '../fakes/fake-torrent.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'metainfo-store-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

const files = () => readdirSync(join(dir, 'metainfo'));

describe('a .torrent that is deleted while it is written', () => {
  const { infoHash, metainfo } = new FakeTorrent({ name: 'film', length: 1000 });

  it('does not stay behind', async () => {
    const store = new MetainfoStore(dir);
    const write = store.putFetched(metainfo);
    store.delete(infoHash);
    expect((await write).name).toBe('film');
    expect([store.has(infoHash), files()]).toEqual([false, []]);
  });

  it('is kept when its torrent was added again meanwhile', async () => {
    const store = new MetainfoStore(dir);
    const write = store.putFetched(metainfo);
    store.delete(infoHash);
    store.put(metainfo);
    await write;
    expect([store.has(infoHash), files()]).toEqual([true, [`${infoHash}.torrent`]]);
  });
});
