import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { payloadPaths } from '../../../src/engine/embedded/payload-paths.ts';
import { detailsOfFiles, type FileSketch } from '../../fixtures/torrent-details.ts';
import { hostileName } from '../../fs/hostile-names.ts';

const pathsOf = (...files: (string | FileSketch)[]) =>
  payloadPaths(detailsOfFiles(files.map(file => (typeof file === 'string' ? { path: file } : file))).files);

describe('the payload paths', () => {
  test('are the torrent’s own where nothing is wrong with those', () => {
    expect(pathsOf('a', 'b/c', 'b/d', 'Ünï/çödé?.bin')).toEqual(['a', 'b/c', 'b/d', 'Ünï/çödé?.bin']);
  });

  test('of padding and symlinks are undefined', () => {
    expect(pathsOf('a', { path: '.pad/1', padding: true }, { path: 'l', symlinkTarget: ['a'] })).toEqual([
      'a',
      undefined,
      undefined,
    ]);
  });

  test('of what a disk cannot name are another name', () => {
    const path = ['..', '', '.', 'a/b\0c\n'];
    expect(pathsOf({ path })).toEqual(['_../_/_./a_b_c_']);
  });

  test.each([
    ['equal', ['a', 'a'], ['a', 'a~1']],
    ['equal but for case', ['Read.me', 'read.ME'], ['Read.me', 'read.ME~1']],
    ['equal but for composition', ['\u00e9', 'e\u0301'], ['\u00e9', 'e\u0301~1']],
    ['a file and a folder', ['x', 'x/y'], ['x', 'x~1/y']],
    ['a folder and a file', ['x/y', 'x'], ['x/y', 'x~1']],
    ['folders that differ in case', ['D/a', 'd/a', 'd/b'], ['D/a', 'd~1/a', 'd~1/b']],
    ['already like what tells others apart', ['a', 'a~2', 'a'], ['a', 'a~2', 'a~2.1']],
  ])('tell names apart that are %s', (_, paths, expected) => {
    expect(pathsOf(...paths)).toEqual(expected);
  });

  test('of names over 255 bytes are cut, and stay unlike', () => {
    const long = 'é'.repeat(200);
    const [one, two] = pathsOf(`${long}1`, `${long}2`);
    expect(one).not.toBe(two);
    expect(Buffer.byteLength(one ?? '')).toBeLessThanOrEqual(255);
    expect(one?.startsWith('éééé')).toBe(true);
  });

  test('that are too long as a whole are flat', () => {
    expect(pathsOf({ path: Array(40).fill('d'.repeat(100)) }, 'a')).toEqual(['~long-paths/0', 'a']);
  });

  test('are unique on any filesystem, safe, and the same each time, whatever the torrent says', () => {
    const files = fc.array(fc.array(hostileName, { minLength: 1, maxLength: 4 }), { maxLength: 20 });
    fc.assert(
      fc.property(files, paths => {
        const placed = pathsOf(...paths.map(path => ({ path }))).map(path => path ?? '');
        expect(placed).toEqual(pathsOf(...paths.map(path => ({ path }))));
        const folded = placed.map(path => Buffer.from(path).toString().normalize('NFC').toLowerCase());
        expect(new Set(folded).size).toBe(placed.length);
        for (const path of folded) {
          expect(folded.some(other => other.startsWith(`${path}/`))).toBe(false);
        }
        for (const component of placed.flatMap(path => path.split('/'))) {
          expect(['', '.', '..']).not.toContain(component);
          expect(component).not.toContain('\0');
          expect(Buffer.byteLength(component)).toBeLessThanOrEqual(255);
        }
      }),
    );
  });
});
