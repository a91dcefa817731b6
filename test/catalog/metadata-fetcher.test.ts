import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MetadataFetcher } from '../../src/catalog/metadata-fetcher.ts';
import { MetainfoStore } from '../../src/catalog/metainfo-store.ts';
import { EngineError } from '../../src/engine/index.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import { eventually } from '../fixtures/eventually.ts';

it('metadata that was not to be had is asked for again after a while, and not at every poll', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'metadata-fetcher-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const engine = new FakeEngine();
  const torrents = [1, 2].map(seed => engine.addTorrent({ length: 1000, seed }));
  const told: string[] = [];
  let now = 0;
  const fetcher = new MetadataFetcher({
    engine,
    store: new MetainfoStore(dir),
    now: () => now,
    onFetched: ({ infoHash }) => told.push(`fetched ${infoHash}`),
    onFailed: infoHash => told.push(`failed ${infoHash}`),
  });
  const [first, second] = torrents.map(({ infoHash }) => infoHash);
  if (first === undefined || second === undefined) throw new Error('two were made');
  for (const [atMs, infoHash, nth] of [
    [0, first, 1],
    [4000, second, 1],
  ] as const) {
    now = atMs;
    engine.failCall('metainfo', nth, new EngineError('unavailable', 'busy'));
    fetcher.want(infoHash);
    await eventually(() => expect(told.at(-1)).toBe(`failed ${infoHash}`));
  }
  fetcher.want(first);
  now = 5000;
  for (const infoHash of [first, second]) fetcher.want(infoHash);
  await eventually(() => expect(told.at(-1)).toBe(`fetched ${first}`));
  now = 9000;
  fetcher.want(second);
  await eventually(() => expect(told.at(-1)).toBe(`fetched ${second}`));
  expect(told).toHaveLength(4);
  await fetcher.stop();
});
