import { describe, expect, test } from 'vitest';
import { type RequestFacts, refusalOf } from '../../../src/observe/http/request-guard.ts';

describe('a server on loopback', () => {
  test.each(['127.0.0.1', '127.0.0.1:8080', 'localhost:3000', '[::1]:8080', '127.1.2.3', 'LOCALHOST'])(
    'goes by %s',
    host => expect(statusOf({ host })).toBeUndefined(),
  );

  test.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    'evil.example:8080',
    '192.168.1.4',
    '0.0.0.0',
    '[::ffff:10.0.0.1]',
    'localhost:8080:80',
    'localhost/',
  ])('does not go by %s', host => expect(statusOf({ host })).toBe(403));

  test('lets in its own pages, whatever they ask', () => {
    expect(statusOf({ origin: 'http://127.0.0.1:8080', method: 'DELETE' })).toBeUndefined();
    expect(statusOf({ fetchSite: 'same-origin', fetchMode: 'cors', path: '/api/status' })).toBeUndefined();
    expect(statusOf({ fetchSite: 'none', fetchMode: 'navigate' })).toBeUndefined();
  });

  test.each(['http://evil.example', 'null', 'http://127.0.0.1:9999', 'http://localhost:8080', 'file://', ''])(
    'refuses what comes from %s',
    origin => expect(statusOf({ origin })).toBe(403),
  );

  test('refuses what a browser fetches for another site, but for a link to the page', () => {
    expect(statusOf({ fetchSite: 'cross-site', fetchMode: 'no-cors', path: '/api/status' })).toBe(403);
    expect(statusOf({ fetchSite: 'same-site', fetchMode: 'navigate', path: '/api/status' })).toBe(403);
    expect(statusOf({ fetchSite: 'cross-site', fetchMode: 'navigate', path: '/' })).toBeUndefined();
    expect(statusOf({ fetchSite: 'cross-site', fetchMode: 'no-cors', path: '/' })).toBe(403);
  });
});

test('a server for others goes by any address, and by the one name that it was given', () => {
  expect(statusOf({ host: '192.168.1.4:8080' }, '0.0.0.0')).toBeUndefined();
  expect(statusOf({ host: 'nas.example' }, 'NAS.example')).toBeUndefined();
  expect(statusOf({ host: 'evil.example' }, 'nas.example')).toBe(403);
});

describe('a body', () => {
  const post = { method: 'POST', path: '/api/torrents', contentType: 'application/json' };

  test('of a form is refused: pages may send those to any site', () => {
    for (const contentType of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', undefined]) {
      expect(statusOf({ ...post, contentType, contentLength: '10' })).toBe(415);
    }
  });

  test('may be 64 KiB of JSON, and 64 MiB of a torrent', () => {
    expect(statusOf({ ...post, contentLength: '65536' })).toBeUndefined();
    expect(statusOf({ ...post, contentLength: '65537' })).toBe(413);
    const torrent = { ...post, contentType: 'application/x-bittorrent' };
    expect(statusOf({ ...torrent, contentLength: `${64 << 20}` })).toBeUndefined();
    expect(statusOf({ ...torrent, contentLength: `${(64 << 20) + 1}` })).toBe(413);
    expect(statusOf({ ...torrent, transferEncoding: 'chunked' })).toBeUndefined();
  });

  test('of a torrent is taken in one place', () => {
    const elsewhere = { ...post, path: '/api/login', contentType: 'application/x-bittorrent' };
    expect(statusOf({ ...elsewhere, contentLength: '100000' })).toBe(413);
    expect(statusOf({ ...elsewhere, contentLength: '100' })).toBe(415);
  });

  test('of JSON says its length beforehand', () => {
    expect(statusOf({ ...post, transferEncoding: 'chunked' })).toBe(411);
  });

  test('has no place in a request that only looks', () => {
    expect(statusOf({ contentLength: '1' })).toBe(413);
    expect(statusOf({ method: 'DELETE', transferEncoding: 'chunked' })).toBe(413);
  });
});

function statusOf(facts: Partial<RequestFacts>, listenHost = '127.0.0.1'): number | undefined {
  const request: RequestFacts = {
    method: 'GET',
    path: '/',
    host: '127.0.0.1:8080',
    origin: undefined,
    fetchSite: undefined,
    fetchMode: undefined,
    contentType: undefined,
    contentLength: undefined,
    transferEncoding: undefined,
    ...facts,
  };
  return refusalOf(request, { listenHost })?.status;
}
