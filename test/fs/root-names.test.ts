import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInfoHash } from '../../src/engine/index.ts';
import { RootNames, type TorrentNaming } from '../../src/fs/root-names.ts';
import { infoHashOfSeed } from '../fixtures/torrent-details.ts';
import { hostileName, isFitName } from './hostile-names.ts';

/** 40 times one digit, so that a suffix can be told at a glance. */
function hashOf(digit: string) {
  return parseInfoHash(digit.repeat(40)) ?? infoHashOfSeed(digit);
}

function naming(digit: string, name: string, more: Partial<TorrentNaming> = {}): TorrentNaming {
  return { infoHash: hashOf(digit), name, isSingleFile: false, renamedTo: undefined, ...more };
}

function namesOf(torrents: readonly TorrentNaming[]): (string | undefined)[] {
  const names = rootNames();
  for (const torrent of torrents) names.add(torrent);
  return torrents.map(({ infoHash }) => names.nameOf(infoHash));
}

function rootNames(): RootNames {
  const names = new RootNames();
  names.reserve('.torrent-fuse');
  return names;
}

describe('the names of the root', () => {
  it('are those of the torrents, made fit', () => {
    expect(namesOf([naming('a', 'one'), naming('b', 'two/three')])).toEqual(['one', 'two_three']);
  });

  it('are info hashes for torrents without a name', () => {
    expect(namesOf([naming('a', ''), naming('b', '')])).toEqual(['a'.repeat(40), 'b'.repeat(40)]);
  });

  it('tell all torrents of one name by the first eight digits of their info hashes', () => {
    expect(namesOf([naming('a', 'same'), naming('b', 'same')])).toEqual(['same [aaaaaaaa]', 'same [bbbbbbbb]']);
  });

  it('put the digits before the extension of a file, not of a directory', () => {
    const torrents = [naming('a', 'v1.mkv', { isSingleFile: true }), naming('b', 'v1.mkv')];
    expect(namesOf(torrents)).toEqual(['v1 [aaaaaaaa].mkv', 'v1.mkv [bbbbbbbb]']);
  });

  it('give no torrent the name of the virtual directory', () => {
    expect(namesOf([naming('a', '.torrent-fuse')])).toEqual(['.torrent-fuse [aaaaaaaa]']);
  });

  it('tell torrents by the whole info hash where eight digits are a name too', () => {
    const torrents = [naming('a', 'same'), naming('b', 'same'), naming('c', 'same [aaaaaaaa]')];
    expect(namesOf(torrents)).toEqual([`same [${'a'.repeat(40)}]`, 'same [bbbbbbbb]', 'same [aaaaaaaa] [cccccccc]']);
  });

  it('count on where even that is taken', () => {
    const torrents = [
      naming('a', 'same'),
      naming('b', 'same'),
      naming('c', 'x', { renamedTo: 'same [aaaaaaaa]' }),
      naming('d', 'x', { renamedTo: `same [${'a'.repeat(40)}]` }),
    ];
    expect(namesOf(torrents)[0]).toBe(`same [${'a'.repeat(40)}-2]`);
  });

  it('keep what the user chose, and others give way to it', () => {
    const torrents = [naming('a', 'film'), naming('b', 'other', { renamedTo: 'film' })];
    expect(namesOf(torrents)).toEqual(['film [aaaaaaaa]', 'film']);
    expect(namesOf(torrents.toReversed())).toEqual(['film', 'film [aaaaaaaa]']);
  });

  it('tell whoever must know which names have changed', () => {
    const names = rootNames();
    expect(names.add(naming('a', 'same'))).toEqual([{ infoHash: hashOf('a'), from: undefined, to: 'same' }]);
    expect(names.add(naming('b', 'same'))).toEqual([
      { infoHash: hashOf('b'), from: undefined, to: 'same [bbbbbbbb]' },
      { infoHash: hashOf('a'), from: 'same', to: 'same [aaaaaaaa]' },
    ]);
    expect(names.rename(hashOf('a'), 'mine')).toEqual([{ infoHash: hashOf('a'), from: 'same [aaaaaaaa]', to: 'mine' }]);
    expect(names.has('mine')).toBe(true);
    expect(names.has('same [aaaaaaaa]')).toBe(false);
  });

  it('stay when another is removed, and are free when they are', () => {
    const names = rootNames();
    names.add(naming('a', 'same'));
    names.add(naming('b', 'same'));
    names.remove(hashOf('a'));
    expect(names.nameOf(hashOf('b'))).toBe('same [bbbbbbbb]');
    names.remove(hashOf('b'));
    names.add(naming('c', 'same'));
    expect(names.nameOf(hashOf('c'))).toBe('same');
  });

  it('are unique and fit, and no matter of order, whatever the torrents are called', () => {
    fc.assert(
      fc.property(namings.chain(withAnotherOrder), ([torrents, shuffled]) => {
        const names = namesOf(torrents);
        for (const name of names) expect(isFitName(Buffer.from(name ?? ''))).toBe(true);
        expect(new Set([...names, '.torrent-fuse']).size).toBe(torrents.length + 1);

        const shuffledNames = namesOf(shuffled);
        expect(torrents.map(torrent => shuffledNames[shuffled.indexOf(torrent)])).toEqual(names);
      }),
    );
  });

  it('are given to 10,000 torrents of one name', () => {
    const torrents = Array.from({ length: 10_000 }, (_, seed) =>
      naming('a', 'same', { infoHash: infoHashOfSeed(seed) }),
    );
    expect(new Set(namesOf(torrents)).size).toBe(10_000);
  });
});

/** Few info hashes and names made of them, so that names and suffixes meet. */
const collidingName = fc.oneof(
  fc.constantFrom('s', 's.mkv', ...[...'abcdef'].map(digit => `s [${digit.repeat(8)}]`), `s [${'a'.repeat(40)}]`),
  fc.constantFrom('s [aaaaaaaa] [bbbbbbbb]', '.torrent-fuse', 'x'.repeat(300), `${'x'.repeat(244)} [aaaaaaaa]`),
  hostileName,
);

const namings: fc.Arbitrary<TorrentNaming[]> = fc
  .tuple(
    fc.array(fc.tuple(collidingName, fc.boolean(), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 6 }),
    fc.uniqueArray(fc.constantFrom('s', 's [aaaaaaaa]', 'r', `s [${'b'.repeat(40)}]`), { minLength: 4, maxLength: 4 }),
  )
  .map(([torrents, renames]) =>
    torrents.map(([name, isSingleFile, dice], index) =>
      naming('abcdef'[index] ?? '', name, { isSingleFile, renamedTo: dice === 0 ? renames[index] : undefined }),
    ),
  );

function withAnotherOrder(torrents: TorrentNaming[]): fc.Arbitrary<[TorrentNaming[], TorrentNaming[]]> {
  return fc.tuple(fc.constant(torrents), fc.shuffledSubarray(torrents, { minLength: torrents.length }));
}
