import { describe, expect, it } from 'vitest';
import { FileBases } from '../../src/cache/file-bases.ts';

describe('the bases of files', () => {
  it('never give one key to two files, and never change', () => {
    const bases = new FileBases();
    const a = bases.baseOf('a', 10);
    const b = bases.baseOf('b', 1);
    const c = bases.baseOf('c', 5);
    expect(a).toBeGreaterThan(0);
    expect(b).toBeGreaterThanOrEqual(a + 10);
    expect(c).toBeGreaterThanOrEqual(b + 1);
    expect(bases.baseOf('a', 10)).toBe(a);
  });

  it('are 0 once the 32 bits are used up, for the files that do not fit any more', () => {
    const bases = new FileBases();
    expect(bases.baseOf('huge', 2 ** 32 - 3)).toBe(1);
    expect(bases.baseOf('too large', 3)).toBe(0);
    expect(bases.baseOf('fits', 2)).toBe(2 ** 32 - 2);
    expect(bases.baseOf('one more', 1)).toBe(0);
  });
});
