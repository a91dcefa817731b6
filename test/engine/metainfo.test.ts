import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/engine/index.ts';
import { infoDictionaryOf, parseMetainfo } from '../../src/engine/metainfo.ts';
import { metainfoLimits } from '../../src/engine/metainfo-limits.ts';
import { bencode, Raw } from '../fixtures/bencode.ts';
import { makeTorrent, type TorrentPlan } from '../fixtures/make-torrent.ts';

const parse = (plan: TorrentPlan) => parseMetainfo(makeTorrent(plan).bytes);

function refusalOf(bytes: Uint8Array): EngineError {
  try {
    parseMetainfo(bytes);
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('an honest torrent', () => {
  test('of one file is that file', () => {
    const made = makeTorrent({ name: 'film.mkv', content: 'x'.repeat(40_000), creationDate: 1_700_000_000 });
    const details = parseMetainfo(made.bytes);
    expect(details).toMatchObject({
      infoHash: made.infoHash,
      name: 'film.mkv',
      isSingleFile: true,
      pieceLength: 16384,
      pieceCount: 3,
      totalLength: 40_000,
      createdAtSeconds: 1_700_000_000,
      isPrivate: false,
    });
    expect(details.files).toEqual([
      {
        index: 0,
        path: ['film.mkv'],
        length: 40_000,
        offset: 0,
        padding: false,
        executable: false,
        hidden: false,
        symlinkTarget: undefined,
      },
    ]);
    expect(details.pieceHashes.subarray(40)).toEqual(
      new Uint8Array(
        createHash('sha1')
          .update('x'.repeat(40_000 - 2 * 16384))
          .digest(),
      ),
    );
  });

  test('of many files places them end to end, empty ones included', () => {
    const details = parse({
      name: 'album',
      files: [
        { path: 'one', content: 'abc' },
        { path: 'none', content: '' },
        { path: 'sub/two', content: 'defg' },
      ],
    });
    expect(details.isSingleFile).toBe(false);
    expect(details.files.map(({ path, offset, length }) => ({ path, offset, length }))).toEqual([
      { path: ['one'], offset: 0, length: 3 },
      { path: ['none'], offset: 3, length: 0 },
      { path: ['sub', 'two'], offset: 3, length: 4 },
    ]);
  });

  test('with only empty files has no pieces', () => {
    expect(parse({ name: 'empty', files: [{ path: 'a' }, { path: 'b' }] })).toMatchObject({
      pieceCount: 0,
      totalLength: 0,
    });
  });

  test('may be longer than 32 bits can say', () => {
    const pieceLength = 2 ** 30;
    const details = parse({
      name: 'huge',
      content: '',
      pieceLength,
      info: { length: 5 * pieceLength - 1, pieces: new Uint8Array(100) },
    });
    expect(details).toMatchObject({ totalLength: 5 * pieceLength - 1, pieceCount: 5 });
  });

  test('says whether it is private (BEP 27)', () => {
    expect(parse({ name: 'a', content: 'a', info: { private: 1 } }).isPrivate).toBe(true);
    expect(parse({ name: 'a', content: 'a', info: { private: 0 } }).isPrivate).toBe(false);
  });

  test('may have padding, executables, hidden files and symlinks (BEP 47)', () => {
    const details = parse({
      name: 'extended',
      files: [
        { path: 'run', content: 'abc', attr: 'xh' },
        { path: '.pad/13', content: Buffer.alloc(13), attr: 'p' },
        { path: 'link', attr: 'l', symlinkPath: ['sub', 'target'] },
        { path: 'link-without-length', attr: 'l', symlinkPath: ['run'] },
      ],
    });
    expect(details.files).toMatchObject([
      { executable: true, hidden: true, padding: false, symlinkTarget: undefined },
      { executable: false, hidden: false, padding: true, length: 13 },
      { symlinkTarget: ['sub', 'target'], length: 0, offset: 16 },
      { symlinkTarget: ['run'], length: 0 },
    ]);
  });

  test('of both versions is read as v1 (BEP 52)', () => {
    expect(parse({ name: 'hybrid', content: 'a', info: { 'meta version': 2, 'file tree': {} } }).pieceCount).toBe(1);
  });
});

describe('names', () => {
  test('the UTF-8 variants come first', () => {
    const details = parse({
      name: 'legacy',
      files: [{ path: 'legacy', content: 'a', extra: { 'path.utf-8': ['Ünï', 'çödé'] } }],
      info: { 'name.utf-8': '日本' },
    });
    expect(details.name).toBe('日本');
    expect(details.files[0]?.path).toEqual(['Ünï', 'çödé']);
  });

  test('what is no UTF-8 gets replacement characters', () => {
    const details = parse({
      name: Buffer.from([0x61, 0xff, 0x62]),
      files: [{ path: [Buffer.from([0xc3, 0x28])], content: 'a' }],
    });
    expect(details.name).toBe('a\ufffdb');
    expect(details.files[0]?.path).toEqual(['\ufffd(']);
  });

  test('hostile components are handed on as they are', () => {
    const path = ['..', '/etc', '', 'a\0b', '__proto__'];
    expect(parse({ name: '../..', files: [{ path, content: 'a' }] })).toMatchObject({
      name: '../..',
      files: [{ path }],
    });
  });
});

describe('the info hash', () => {
  test('is taken over the bytes of the file, however its dictionary was written', () => {
    const info = new Map<string, Raw | number | string | Uint8Array>([
      ['pieces', createHash('sha1').update('a').digest()],
      ['length', new Raw('i0001e')],
      ['unknown', new Raw('d1:zi1e1:ai-0ee')],
      ['piece length', 16384],
      ['name', 'disorder'],
    ]);
    const infoBytes = bencode(info);
    const bytes = bencode({ info: new Raw(infoBytes) });
    expect(parseMetainfo(bytes).infoHash).toBe(createHash('sha1').update(infoBytes).digest('hex'));
    expect(Buffer.from(infoDictionaryOf(bytes))).toEqual(infoBytes);
  });
});

describe('refuses, saying why,', () => {
  const base = { name: 'a', content: 'a' } as const;
  const many = (file: object) => ({
    name: 'a',
    files: [{ path: 'f', content: 'a', extra: file as Record<string, never> }],
  });
  test.each<[string, TorrentPlan, string, string]>([
    [
      'a v2-only torrent',
      { ...base, info: { pieces: new Raw('0:'), 'meta version': 2 } },
      'bad-source',
      'piece hashes',
    ],
    ['hashes of another length', { ...base, info: { pieces: 'short' } }, 'bad-source', 'multiple of 20'],
    ['too few hashes', { ...base, info: { length: 20_000 } }, 'bad-source', '1 piece hashes where its files need 2'],
    ['too many hashes', { ...base, info: { length: 0 } }, 'bad-source', 'need 0'],
    ['a piece length of zero', { ...base, info: { 'piece length': 0 } }, 'bad-source', 'piece length is 0'],
    ['a negative piece length', { ...base, info: { 'piece length': -1 } }, 'bad-source', 'piece length is -1'],
    ['a piece length over the limit', { ...base, info: { 'piece length': 2 ** 31 } }, 'too-large', '1073741824'],
    ['a negative length', { ...base, info: { length: -5 } }, 'bad-source', '-5 bytes'],
    ['a length that is no number', { ...base, info: { length: 'long' } }, 'bad-source', 'expected an integer'],
    ['both a length and files', { ...base, info: { files: [] } }, 'bad-source', 'either a length or'],
    ['an empty list of files', { name: 'a', files: [], info: { pieces: '' } }, 'bad-source', 'no files'],
    ['a file without a length', many({ length: new Raw('i1e6:lengthi1e') }), 'bad-source', 'two lengths'],
    ['a file without a path', many({ path: [] }), 'bad-source', 'no path'],
    ['a path component that is no string', many({ path: [1] }), 'bad-source', 'expected a string'],
    ['a path that is too deep', many({ path: Array(2049).fill('d') }), 'too-large', '2048'],
    ['a name that is too long', { ...base, name: 'n'.repeat(5000) }, 'too-large', '4096'],
    [
      'a symlink with bytes',
      { name: 'a', files: [{ path: 'l', content: 'a', attr: 'l', symlinkPath: ['x'] }] },
      'bad-source',
      'symlink',
    ],
    [
      'lengths whose sum is no safe integer',
      {
        name: 'a',
        files: [
          { path: 'f', extra: { length: Number.MAX_SAFE_INTEGER } },
          { path: 'g', content: 'a' },
        ],
      },
      'too-large',
      'too long',
    ],
  ])('%s', (_, plan, code, words) => {
    const refusal = refusalOf(makeTorrent(plan).bytes);
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(words);
  });

  test('a torrent for BitTorrent v2 only, by the name of the document that defines it', () => {
    const info = { name: 'v2', 'piece length': 16384, 'meta version': 2, 'file tree': {} };
    expect(refusalOf(bencode({ info })).message).toMatch(/v2 only \(BEP 52\)/);
  });

  test('what has two info dictionaries, or an entry twice', () => {
    const { infoBytes } = makeTorrent(base);
    const twice = new Raw(
      Buffer.concat([Buffer.from('d4:info'), infoBytes, Buffer.from('4:info'), infoBytes, Buffer.from('e')]),
    );
    expect(refusalOf(twice.bytes).message).toContain('two info dictionaries');
    const doubled = Buffer.concat([infoBytes.subarray(0, -1), Buffer.from('4:name1:be')]);
    expect(refusalOf(bencode({ info: new Raw(doubled) })).message).toContain('two entries called name');
  });

  test('what is no torrent at all', () => {
    for (const text of ['', '<html>', 'd', 'de', 'i1e', 'd4:infoi1ee', '999999999999:']) {
      expect(refusalOf(Buffer.from(text)).code).toBe('bad-source');
    }
  });

  test('a file over 64 MiB, unread', () => {
    expect(refusalOf(new Uint8Array(metainfoLimits.bytes + 1)).code).toBe('too-large');
  });
});

test('an absurd creation date is no date', () => {
  for (const creationDate of [0, -5, 10 ** 15]) {
    expect(parse({ name: 'a', content: 'a', creationDate }).createdAtSeconds).toBeUndefined();
  }
  expect(parse({ name: 'a', content: 'a', outer: { 'creation date': 'yesterday' } }).createdAtSeconds).toBeUndefined();
});

test('a damaged torrent is read or refused, and nothing else happens', () => {
  const { bytes } = makeTorrent({
    name: 'victim',
    files: [
      { path: 'a/b', content: 'abc', attr: 'x' },
      { path: 'c', content: 'd' },
    ],
  });
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, cut) => {
      const damaged = Buffer.from(bytes.subarray(0, Math.max(cut, at + 1)));
      damaged[at] = byte;
      try {
        parseMetainfo(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
      }
    }),
    { numRuns: 2000 },
  );
});
