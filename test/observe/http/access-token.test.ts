import { describe, expect, test } from 'vitest';
import { AccessToken, logoutCookie } from '../../../src/observe/http/access-token.ts';

const now = 1_700_000_000_000;
const day = 24 * 3600 * 1000;

describe('AccessToken', () => {
  const token = new AccessToken('a long enough secret');

  test('admits whoever sends it, and nobody else', () => {
    expect(token.admits({ authorization: 'Bearer a-long-enough-secret' }, now)).toBe(false);
    expect(new AccessToken('secret-of-this-mount').admits({ authorization: 'bearer secret-of-this-mount' }, now)).toBe(
      true,
    );
    expect(token.admits({ authorization: 'Basic YTpi' }, now)).toBe(false);
    expect(token.admits({}, now)).toBe(false);
  });

  test('admits the cookie of a login for 30 days, among other cookies', () => {
    const cookie = `other=1; ${cookieOf(token.login(now))}`;
    expect(token.admits({ cookie }, now + 29 * day)).toBe(true);
    expect(token.admits({ cookie }, now + 31 * day)).toBe(false);
  });

  test('admits the cookie after a restart, and not after the token was changed', () => {
    const cookie = cookieOf(token.login(now));
    expect(new AccessToken('a long enough secret').admits({ cookie }, now)).toBe(true);
    expect(new AccessToken('another long secret').admits({ cookie }, now)).toBe(false);
  });

  test('does not admit a cookie that was made up or prolonged', () => {
    const [, signature] = cookieOf(token.login(now)).split('.');
    for (const session of ['', 'x', `${now + 90 * day}.${signature}`, `${now + day}.`, `${now + day}.a.b`, 'NaN.x']) {
      expect(token.admits({ cookie: `torrent-fuse=${session}` }, now)).toBe(false);
    }
  });

  test('gives a cookie that scripts cannot read and other sites cannot use, without the token in it', () => {
    expect(token.login(now)).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/);
    expect(token.login(now)).not.toContain('secret');
    expect(logoutCookie()).toContain('Max-Age=0');
  });
});

function cookieOf(setCookie: string): string {
  return setCookie.split(';')[0] ?? '';
}
