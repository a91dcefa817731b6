import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultDataDir, escapePath } from '../../src/mount/default-data-dir.ts';

describe('the default data directory', () => {
  it('is under /var/lib for root', () => {
    expect(defaultDataDir('/mnt/x', { uid: 0, env: { XDG_DATA_HOME: '/home/u/data' } })).toBe(
      '/var/lib/torrent-fuse/mnt-x',
    );
  });

  it('is under XDG_DATA_HOME for an ordinary user', () => {
    expect(defaultDataDir('/mnt/x', { uid: 1000, env: { XDG_DATA_HOME: '/data' } })).toBe('/data/torrent-fuse/mnt-x');
  });

  it('is under ~/.local/share when XDG_DATA_HOME is unset or relative', () => {
    for (const XDG_DATA_HOME of [undefined, 'relative']) {
      const dir = defaultDataDir('/mnt/x', { uid: 1000, env: { HOME: '/home/u', XDG_DATA_HOME } });
      expect(dir).toBe('/home/u/.local/share/torrent-fuse/mnt-x');
    }
  });
});

describe('escaping a mount point', () => {
  it.each([
    ['/', '-'],
    ['/mnt/torrents/', 'mnt-torrents'],
    ['/mnt/a-b', 'mnt-a\\x2db'],
    ['/mnt/.hidden', 'mnt-\\x2ehidden'],
    ['/mnt/ü x', 'mnt-\\xc3\\xbc\\x20x'],
  ])('makes %s into %s', (path, name) => {
    expect(escapePath(path)).toBe(name);
  });

  it('gives a valid file name of its own to every path', () => {
    const component = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 80 })
      .filter(text => !/[/\0]|^\.{1,2}$/.test(text));
    const path = fc.array(component, { maxLength: 6 }).map(parts => `/${parts.join('/')}`);
    fc.assert(
      fc.property(path, path, (a, b) => {
        const name = escapePath(a);
        expect(name).toMatch(/^[A-Za-z0-9:_.\\-]+$/);
        expect(name.length).toBeLessThanOrEqual(255);
        expect(name === '.' || name === '..').toBe(false);
        const same = Buffer.from(a, 'utf8').equals(Buffer.from(b, 'utf8'));
        expect(escapePath(b) === name).toBe(same);
      }),
    );
  });
});
