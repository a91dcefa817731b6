import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/config/duration.ts';
import { InvalidValueError } from '../../src/config/errors.ts';
import { nearest } from '../../src/config/nearest.ts';
import { formatSize, parseSize } from '../../src/config/size.ts';
import { boolean, hostPort, httpUrl, listOf, octalMode, path, source } from '../../src/config/value-type.ts';

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['256M', 256 * 2 ** 20],
    ['256m', 256 * 2 ** 20],
    ['1.5G', 1.5 * 2 ** 30],
    ['32 MiB', 32 * 2 ** 20],
    ['1kB', 1000],
    ['2TB', 2e12],
  ])('reads %s', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(['', 'M', '-1', '1X', '1e9', '0.3', '99999999T', '1 M M', '0x10'])('refuses "%s"', text =>
    expect(() => parseSize(text)).toThrow(InvalidValueError),
  );

  it('reads back what it wrote', () => {
    fc.assert(fc.property(fc.maxSafeNat(), bytes => parseSize(formatSize(bytes)) === bytes));
  });
});

describe('durations', () => {
  it.each([
    ['30s', 30_000],
    ['500ms', 500],
    ['5m', 300_000],
    ['1m30s', 90_000],
    ['1h 30m', 5_400_000],
    ['2d', 172_800_000],
    ['30', 30_000],
    ['0.5', 500],
    ['1.5s', 1500],
  ])('reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', 's', '-1s', '5 minutes', '1x', 'ms', '0.1ms', '1e3'])('refuses "%s"', text =>
    expect(() => parseDuration(text)).toThrow(InvalidValueError),
  );

  it('reads back what it wrote', () => {
    fc.assert(fc.property(fc.nat(), ms => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('host and port', () => {
  const { fromText } = hostPort('HOST:PORT');

  it.each(['127.0.0.1:6881', 'seed.example.org:1', '[::1]:65535'])('takes %s', text =>
    expect(fromText(text, '/')).toBe(text),
  );

  it.each(['', '127.0.0.1', ':80', 'a:0', 'a:65536', '::1:80', '[::1]', '[a]:80', 'a b:80', 'http://a:80', 'u@a:80'])(
    'refuses "%s"',
    text => expect(() => fromText(text, '/')).toThrow(InvalidValueError),
  );
});

describe('other values', () => {
  it('reads booleans as people write them in the environment', () => {
    expect(['1', 'true', 'YES', 'on'].map(text => boolean.fromText(text, '/'))).toEqual([true, true, true, true]);
    expect(['0', 'false', 'No', 'off'].map(text => boolean.fromText(text, '/'))).toEqual([false, false, false, false]);
    expect(() => boolean.fromText('maybe', '/')).toThrow(InvalidValueError);
  });

  it('does not take a URL with a password in it, and does not repeat the password', () => {
    const { fromText } = httpUrl('URL', 'set X');
    expect(() => fromText('http://me:hunter2@127.0.0.1:3030', '/')).toThrow(/set X/);
    expect(() => fromText('http://me:hunter2@127.0.0.1:3030', '/')).not.toThrow(/hunter2/);
  });

  it('takes an octal mode only in quotes', () => {
    expect(octalMode.fromFile('022', '/')).toBe(0o022);
    expect(() => octalMode.fromFile(22, '/')).toThrow('write "022"');
    expect(() => octalMode.fromText('99', '/')).toThrow(InvalidValueError);
  });

  it('makes paths absolute', () => {
    expect(path('DIR').fromText('data', '/srv/x')).toBe('/srv/x/data');
    expect(path('DIR').fromText('~/data', '/srv/x')).toMatch(/^\/.*\/data$/);
    expect(path('DIR').fromText('~data', '/srv/x')).toBe('/srv/x/~data');
  });

  it('makes only those sources absolute that are paths', () => {
    const magnet = `magnet:?xt=urn:btih:${'a'.repeat(40)}`;
    expect(source.fromText(magnet, '/srv')).toBe(magnet);
    expect(source.fromText('https://example.org/a.torrent', '/srv')).toBe('https://example.org/a.torrent');
    expect(source.fromText('A'.repeat(40), '/srv')).toBe('A'.repeat(40));
    expect(source.fromText('a.torrent', '/srv')).toBe('/srv/a.torrent');
  });

  it('splits a list and drops what is empty', () => {
    const list = listOf(hostPort('HOST:PORT'), { separator: /[\s,]+/, separatorName: 'commas' });
    expect(list.fromText(' a:1,b:2  c:3,', '/')).toEqual(['a:1', 'b:2', 'c:3']);
    expect(() => list.fromFile('a:1', '/')).toThrow('is no list');
  });
});

describe('the nearest known word', () => {
  it('finds a mistyped one and leaves a foreign one alone', () => {
    expect(nearest('read.timeuot', ['read.timeout', 'read.ahead'])).toBe('read.timeout');
    expect(nearest('kitchen.sink', ['read.timeout', 'read.ahead'])).toBeUndefined();
  });
});
