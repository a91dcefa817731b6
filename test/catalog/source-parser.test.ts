import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSource, parseSourceText, parseTorrentBytes } from '../../src/catalog/source-parser.ts';
import { makeTorrent } from '../fixtures/make-torrent.ts';

const hex = '0123456789abcdef0123456789abcdef01234567';
const base32 = 'AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH'; // the same 20 bytes

describe('a magnet link', () => {
  it('gives its info hash, its name and its peers', () => {
    const uri = `magnet:?xt=urn:btih:${hex}&dn=Big+Buck%20Bunny&tr=udp%3A%2F%2Ft&x.pe=127.0.0.1:6881&x.pe=%5B%3A%3A1%5D:80`;
    expect(parseSourceText(uri)).toEqual({
      kind: 'magnet',
      uri,
      infoHash: hex,
      displayName: 'Big Buck Bunny',
      peers: ['127.0.0.1:6881', '[::1]:80'],
    });
  });

  it.each([
    ['hexadecimal in capitals', `magnet:?xt=urn:btih:${hex.toUpperCase()}`],
    ['base32', `magnet:?xt=urn:btih:${base32}`],
    ['base32 in small letters', `MAGNET:?xt=urn:btih:${base32.toLowerCase()}`],
    ['a hybrid', `magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}&xt=urn:btih:${hex}`],
    ['several topics', `magnet:?xt.1=urn:ed2k:31D6&xt.2=urn:btih:${hex}`],
  ])('is taken as %s', (_, uri) => {
    expect(parseSourceText(uri)).toMatchObject({ infoHash: hex });
  });

  it.each([
    ['of v2 only', `magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}`, /BitTorrent v2 only.*look for a v1 or hybrid/],
    ['with half a hash', 'magnet:?xt=urn:btih:0123456789', /"0123456789".*copy the link again/],
    ['without a topic', 'magnet:?dn=x', /names no torrent.*copy the link again/],
  ])('%s is refused in words', (_, uri, message) => {
    expect(() => parseSourceText(uri)).toThrow(
      expect.objectContaining({ code: 'bad-source', message: expect.stringMatching(message) }),
    );
  });

  it('loses peers that are no addresses, and keeps the rest', () => {
    const source = parseSourceText(
      `magnet:?xt=urn:btih:${hex}&x.pe=nonsense&x.pe=h:0&x.pe=h:65536&x.pe=a:b:1&x.pe=host:1`,
    );
    expect(source).toMatchObject({ peers: ['host:1'] });
  });
});

describe('the text of a dropped file', () => {
  it('may be a bare info hash, with comments and blank lines around it', () => {
    expect(parseSourceText(`# from the web\r\n\r\n  ${base32}  \n`)).toEqual({
      kind: 'magnet',
      uri: `magnet:?xt=urn:btih:${hex}`,
      infoHash: hex,
      displayName: undefined,
      peers: [],
    });
  });

  it('may be a URL, which is not fetched', () => {
    const source = parseSourceText('https://example.org/a.torrent\n');
    expect(source).toMatchObject({ kind: 'url', url: new URL('https://example.org/a.torrent') });
  });

  it.each([
    ['nothing', '\n# only a comment\n', /empty/],
    ['two sources', `${hex}\n${hex}\n`, /more than one/],
    ['garbage', 'garbage', /"garbage" is no magnet link/],
    ['a path', '/etc/passwd', /is no magnet link/],
    ['a URL without a host', 'http://', /no valid URL/],
    ['another scheme', 'ftp://example.org/a.torrent', /is no magnet link/],
  ])('that is %s is refused', (_, text, message) => {
    expect(() => parseSourceText(text)).toThrow(
      expect.objectContaining({ code: 'bad-source', message: expect.stringMatching(message) }),
    );
  });

  it('over the limit is refused', () => {
    expect(() => parseSourceText(`magnet:?xt=urn:btih:${hex}&tr=${'x'.repeat(70_000)}`)).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });
});

describe('a source on the command line', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'torrent-fuse-source-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('may be the path of a .torrent', async () => {
    const torrent = makeTorrent({ name: 'x', content: 'payload' });
    writeFileSync(join(dir, 'x.torrent'), torrent.bytes);
    const source = await parseSource(join(dir, 'x.torrent'));
    expect(source).toMatchObject({ kind: 'metainfo', infoHash: torrent.infoHash });
    expect(source.kind === 'metainfo' && Buffer.compare(source.bytes, torrent.bytes)).toBe(0);
  });

  it('is a file before it is an info hash', async () => {
    writeFileSync(join(dir, hex), 'no torrent');
    await expect(parseSource(join(dir, hex))).rejects.toMatchObject({ code: 'bad-source' });
    await expect(parseSource(hex)).resolves.toMatchObject({ kind: 'magnet', infoHash: hex });
  });

  it('that is a payload is refused before it is read', async () => {
    const path = join(dir, 'movie.mkv');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 40);
    await expect(parseSource(path)).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining(path),
    });
  });

  it('that is a directory, a pipe, or is not there, is refused by its name', async () => {
    const pipe = join(dir, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const missing = join(dir, 'no.torrent');
    await expect(parseSource(dir)).rejects.toThrow(`${dir} is a directory; name a .torrent file in it`);
    await expect(parseSource(pipe)).rejects.toThrow(`${pipe} is no regular file`);
    await expect(parseSource(missing)).rejects.toThrow(`"${missing}" is no magnet link`);
  });
});

it('bytes that are no .torrent are refused by the name that they came under', () => {
  expect(() => parseTorrentBytes(Buffer.from('d3:foo3:bare'), 'a.torrent')).toThrow(/^a\.torrent: /);
});
