import { describe, expect, it } from 'vitest';
import { describeHolders } from '../../src/cli/holders.ts';

describe('who holds a mount', () => {
  it('is named, five of them at most', () => {
    const holders = Array.from({ length: 7 }, (_, index) => ({ pid: index + 1, command: 'mpv', what: 'film.mkv' }));
    expect(describeHolders(holders.slice(0, 1))).toBe('mpv (1) by film.mkv');
    expect(describeHolders(holders)).toMatch(/^mpv \(1\) by film\.mkv, .* and 2 more$/);
    expect(describeHolders([])).toMatch(/root sees all/);
  });
});
