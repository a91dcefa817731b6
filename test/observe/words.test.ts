import { describe, expect, it } from 'vitest';
import { bytesInWords, countInWords } from '../../src/observe/words.ts';

describe('in words', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1536, '1.50 KiB'],
    [999.4 * 2 ** 10, '999 KiB'],
    [999.7 * 2 ** 10, '0.98 MiB'],
    [10 * 2 ** 20, '10.0 MiB'],
    [1023 * 2 ** 20, '1.00 GiB'],
    [4.5 * 2 ** 30, '4.50 GiB'],
    [2 ** 50, '1.00 PiB'],
  ])('%d bytes are %s', (bytes, words) => expect(bytesInWords(bytes)).toBe(words));

  it('one thing is not several', () => {
    expect([0, 1, 2].map(peers => countInWords(peers, 'peer'))).toEqual(['0 peers', '1 peer', '2 peers']);
    expect([1, 2].map(peers => countInWords(peers, 'peer has', 'peers have'))).toEqual(['1 peer has', '2 peers have']);
  });
});
