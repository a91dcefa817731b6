import { expect, test } from 'vitest';
import { FetchSigns } from '../../../src/engine/rqbit/fetch-signs.ts';

const MiB = 1 << 20;

function countAfter(signs: FetchSigns, ...fetchedBytes: readonly number[]): number {
  for (const bytes of fetchedBytes) signs.observe(bytes);
  return signs.count;
}

test('a torrent that fetches something may be fetching what is waited for', () => {
  expect(countAfter(new FetchSigns(), 0, 16_384, 16_384, 32_768)).toBe(2);
});

test('how much it had fetched before says nothing', () => {
  expect(countAfter(new FetchSigns(), 5000 * MiB)).toBe(0);
  expect(countAfter(new FetchSigns(), 5000 * MiB, 5001 * MiB)).toBe(1);
});

test('one that fetches on and on, and never this, is no sign of life', () => {
  const signs = new FetchSigns();
  const believed = countAfter(signs, 0, 64 * MiB, 128 * MiB);
  expect(believed).toBe(2);
  expect(countAfter(signs, 192 * MiB, 256 * MiB, 5000 * MiB)).toBe(believed);
});

test('is believed anew once a byte came', () => {
  const signs = new FetchSigns();
  const before = countAfter(signs, 0, 500 * MiB);
  signs.served();
  expect(countAfter(signs, 501 * MiB, 502 * MiB)).toBe(before + 1);
});

test('a torrent that was started anew counts from zero', () => {
  expect(countAfter(new FetchSigns(), 500 * MiB, 0, 10 * MiB)).toBe(1);
});
