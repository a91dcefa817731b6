import { describe, expect, it } from 'vitest';
import { layOutTorrent } from '../../src/fs/torrent-layout.ts';
import { detailsOfFiles, detailsOfSingleFile, type FileSketch } from '../fixtures/torrent-details.ts';

/** One line for each node but the torrent's own: its path, `/` after a directory, ` -> target` after a symlink. */
function shapeOf(files: readonly FileSketch[]): string[] {
  const layout = layOutTorrent(detailsOfFiles(files));
  const paths: string[] = [];
  return layout.flatMap(({ parent, name, file, symlinkTarget }, node) => {
    paths[node] = node === 0 ? '' : `${paths[parent]}${name}${file === undefined ? '/' : ''}`;
    return node === 0 ? [] : [symlinkTarget === undefined ? `${paths[node]}` : `${paths[node]} -> ${symlinkTarget}`];
  });
}

const link = (path: string, target: string | readonly string[]): FileSketch => ({
  path,
  length: 0,
  symlinkTarget: typeof target === 'string' ? target.split('/') : target,
});

describe('the layout of a torrent', () => {
  it('has every file in its directories', () => {
    expect(shapeOf([{ path: 'a/b/c.bin' }, { path: 'a/d.bin' }, { path: 'e.bin' }])).toEqual([
      'a/',
      'a/b/',
      'a/b/c.bin',
      'a/d.bin',
      'e.bin',
    ]);
  });

  it('is the file itself for a single-file torrent, whatever its attributes say', () => {
    const layout = layOutTorrent(detailsOfSingleFile({ length: 7, padding: true, symlinkTarget: ['..'] }));
    expect(layout).toMatchObject([{ file: { index: 0, length: 7 }, symlinkTarget: undefined }]);
  });

  it('keeps a directory with one file a directory', () => {
    expect(shapeOf([{ path: 'only.bin' }])).toEqual(['only.bin']);
  });

  it('is an empty directory for a torrent of padding only', () => {
    expect(shapeOf([{ path: '.pad/16', padding: true }])).toEqual([]);
  });

  it('hides padding files and the directories that hold nothing else', () => {
    expect(shapeOf([{ path: 'a' }, { path: '.pad/100', padding: true }, { path: 'b' }])).toEqual(['a', 'b']);
  });

  it('never leaves the torrent', () => {
    expect(shapeOf([{ path: '../../etc/passwd' }, { path: '/etc/shadow' }, { path: ['a/../b', '..'] }])).toEqual([
      '__/',
      '__/__/',
      '__/__/etc/',
      '_/',
      '_/etc/',
      'a_.._b/',
      '__/__/etc/passwd',
      '_/etc/shadow',
      'a_.._b/__',
    ]);
  });

  it('gives the second file of one path its index, before the extension', () => {
    expect(shapeOf([{ path: 'a.mkv' }, { path: 'a.mkv' }, { path: 'a.mkv' }])).toEqual([
      'a.mkv',
      'a [1].mkv',
      'a [2].mkv',
    ]);
  });

  it('lets no suffix take the name of a file that has it by right', () => {
    expect(shapeOf([{ path: 'a' }, { path: 'a' }, { path: 'a [1]' }, { path: 'a [1-2]' }])).toEqual([
      'a',
      'a [1-3]',
      'a [1]',
      'a [1-2]',
    ]);
  });

  it('tells apart what becomes one by sanitising', () => {
    expect(shapeOf([{ path: ['a\0'] }, { path: ['a\n'] }, { path: ['a_'] }])).toEqual(['a_', 'a_ [1]', 'a_ [2]']);
  });

  it('makes one directory of those whose names become one', () => {
    expect(shapeOf([{ path: ['d\0', 'x'] }, { path: ['d\n', 'y'] }, { path: ['d_', 'x'] }])).toEqual([
      'd_/',
      'd_/x',
      'd_/y',
      'd_/x [2]',
    ]);
  });

  it('keeps the directory where a path is both, and renames the file', () => {
    expect(shapeOf([{ path: 'a.d' }, { path: 'a.d/b' }])).toEqual(['a.d/', 'a [0].d', 'a.d/b']);
  });

  it('keeps two names that differ only in normal form', () => {
    expect(shapeOf([{ path: 'caf\u00e9' }, { path: 'cafe\u0301' }])).toEqual(['caf\u00e9', 'cafe\u0301']);
  });

  it('takes .torrent-fuse inside a torrent for a name like any other', () => {
    expect(shapeOf([{ path: '.torrent-fuse/control' }])).toEqual(['.torrent-fuse/', '.torrent-fuse/control']);
  });

  it('tells apart long names that are cut to one', () => {
    const long = 'n'.repeat(4000);
    expect(shapeOf([{ path: [`${long}1`] }, { path: [`${long}2`] }])).toEqual([
      'n'.repeat(255),
      `${'n'.repeat(251)} [1]`,
    ]);
  });

  it('nests 300 levels deep', () => {
    const path = Array.from({ length: 300 }, (_, depth) => `d${depth}`);
    const shape = shapeOf([{ path }]);
    expect(shape).toHaveLength(300);
    expect(shape.at(-1)).toBe(path.join('/'));
  });

  it('grows linearly with files that all have one name', () => {
    const files = Array.from({ length: 20_000 }, () => ({ path: 'same' }));
    expect(new Set(shapeOf(files)).size).toBe(20_000);
  });
});

describe('a symlink of a torrent', () => {
  it.each([
    ['beside its target', 'link', 'file', 'file'],
    ['deeper than its target', 'a/b/link', 'file', '../../file'],
    ['above its target', 'link', 'a/b/file', 'a/b/file'],
    ['in the directory of its target', 'a/b/link', 'a/b/file', 'file'],
    ['in another branch', 'a/b/link', 'a/c/file', '../c/file'],
    ['to its own directory', 'a/link', 'a', '.'],
    ['to the torrent', 'a/b/link', '.', '../..'],
    ['to itself', 'link', 'link', 'link'],
    ['to nothing', 'link', 'gone/away', 'gone/away'],
    ['with dots that stay inside', 'a/link', 'x/.././b/../c', '../c'],
    ['to a name that is sanitised', 'link', 'a\nb', 'a_b'],
  ])('is shown %s', (_, path, target, shown) => {
    expect(shapeOf([link(path, target)]).at(-1)).toBe(`${path} -> ${shown}`);
  });

  it.each([
    ['above the torrent', '..'],
    ['above the torrent by a detour', 'a/../../etc/passwd'],
    ['to an absolute path', '/etc/passwd'],
    ['to an absolute path in one component', ['/etc/passwd']],
    ['upwards in one component', ['../../etc']],
    ['with NUL', ['a\0']],
    ['to no path at all', []],
    ['longer than the kernel takes', Array.from({ length: 300 }, () => 'name of fifteen')],
  ])('is hidden when it points %s', (_, target) => {
    expect(shapeOf([{ path: 'file' }, link('link', target)])).toEqual(['file']);
  });
});
