import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendSuffix, insertBeforeExtension, sanitizeName } from '../../src/fs/entry-names.ts';
import { hostileName, isFitName } from './hostile-names.ts';

describe('a name as a torrent gives it', () => {
  it.each([
    ['stays as it is', 'Ubuntu 24.04 — “noble”.iso', 'Ubuntu 24.04 — “noble”.iso'],
    ['may hold what only other systems forbid', 'a?b<c>:"|*\\d', 'a?b<c>:"|*\\d'],
    ['may be hidden', '.hidden', '.hidden'],
    ['may be three dots', '...', '...'],
    ['may end in spaces and dots', 'a. . ', 'a. . '],
    ['keeps marks that turn the direction of text', '\u202egpj.exe\u200f', '\u202egpj.exe\u200f'],
    ['may not be empty', '', '_'],
    ['may not be the directory itself', '.', '_'],
    ['may not be the directory above', '..', '__'],
    ['may not hold a separator', '/etc/passwd', '_etc_passwd'],
    ['may not hold NUL', 'a\0b', 'a_b'],
    ['may not hold control characters, old or new', 'a\nb\x1b[31m\x7f\x9b', 'a_b_[31m__'],
    ['may not hold half a character', 'a\ud800b', 'a_b'],
  ])('%s', (_, name, expected) => {
    expect(sanitizeName(name)).toBe(expected);
  });

  it.each([
    ['ASCII', 'a'.repeat(300), 'a'.repeat(255)],
    ['two bytes a character', 'é'.repeat(300), 'é'.repeat(127)],
    ['three bytes a character', '語'.repeat(300), '語'.repeat(85)],
    ['surrogate pairs', '😀'.repeat(300), '😀'.repeat(63)],
    ['4,000 bytes with an extension', `${'n'.repeat(4000)}.mkv`, `${'n'.repeat(251)}.mkv`],
    ['an extension that is none', `a.${'x'.repeat(300)}`, `a.${'x'.repeat(253)}`],
  ])('is cut at a character when it is too long: %s', (_, name, expected) => {
    expect(sanitizeName(name)).toBe(expected);
  });

  it('differs from another in normal form only, and stays another', () => {
    expect(sanitizeName('caf\u00e9')).not.toBe(sanitizeName('cafe\u0301'));
  });

  it('is always fit for a directory, and fit to be sanitised again without change', () => {
    fc.assert(
      fc.property(hostileName, name => {
        const fit = sanitizeName(name);
        expect(isFitName(Buffer.from(fit))).toBe(true);
        expect(sanitizeName(fit)).toBe(fit);
      }),
    );
  });
});

describe('a suffix', () => {
  it.each([
    ['movie.mkv', 'movie [2].mkv'],
    ['archive.tar.gz', 'archive.tar [2].gz'],
    ['no extension', 'no extension [2]'],
    ['.hidden', '.hidden [2]'],
    ['Mr. Smith goes', 'Mr. Smith goes [2]'],
    [`${'m'.repeat(251)}.mkv`, `${'m'.repeat(247)} [2].mkv`],
  ])('goes before the extension of %s', (name, expected) => {
    expect(insertBeforeExtension(name, ' [2]')).toBe(expected);
  });

  it.each([
    ['Season 1.5', 'Season 1.5 [2]'],
    ['語'.repeat(85), `${'語'.repeat(83)} [2]`],
  ])('goes to the end of %s', (name, expected) => {
    expect(appendSuffix(name, ' [2]')).toBe(expected);
  });
});
