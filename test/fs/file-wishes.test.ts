import { expect, it } from 'vitest';
import type { PlacedSettings } from '../../src/catalog/path-settings.ts';
import { fileWishesOf } from '../../src/fs/file-wishes.ts';
import { buildTorrentTree } from '../../src/fs/torrent-tree-builder.ts';
import { detailsOfFiles } from '../fixtures/torrent-details.ts';

const details = detailsOfFiles([
  { path: 'a' },
  { path: 'd/b' },
  { path: '.pad/1', padding: true },
  { path: 'd/c' },
  { path: 'd/e/f' },
  { path: 'g' },
]);
const tree = buildTorrentTree(details, 0);

function wishes(said: Readonly<Record<string, PlacedSettings['settings']>>) {
  const placed = Object.entries(said).map(([path, settings]) => ({
    path: path.split('/').filter(component => component !== ''),
    settings,
  }));
  const { wanted, unwanted } = fileWishesOf(tree, details.files, placed);
  const asText = ({ first, endExclusive }: (typeof wanted)[number]) => `${first}-${endExclusive}`;
  return { wanted: wanted.map(asText), unwanted: unwanted.map(asText) };
}

it('nothing is said, nothing is wished', () => {
  expect(wishes({})).toEqual({ wanted: [], unwanted: [] });
  expect(wishes({ '': { policy: 'wait' }, gone: { pin: true } })).toEqual({ wanted: [], unwanted: [] });
});

it('a pin holds for a file, a directory with all that is in it, or the torrent', () => {
  expect(wishes({ g: { pin: true } }).wanted).toEqual(['5-6']);
  expect(wishes({ d: { pin: true } }).wanted).toEqual(['1-5']);
  expect(wishes({ '': { pin: true } }).wanted).toEqual(['0-6']);
});

it('the nearest path that says something counts', () => {
  expect(wishes({ d: { pin: true }, 'd/e': { pin: false } })).toEqual({ wanted: ['1-4'], unwanted: ['4-5'] });
  expect(wishes({ '': { pin: false }, 'd/e/f': { pin: true } })).toEqual({ wanted: ['4-5'], unwanted: ['0-4', '5-6'] });
});

it('what has a higher priority comes first', () => {
  const said = {
    '': { pin: true },
    g: { priority: 'high' },
    d: { priority: 'low' },
    'd/e': { priority: 'high' },
  } as const;
  expect(wishes(said).wanted).toEqual(['4-6', '0-1', '1-4']);
});
