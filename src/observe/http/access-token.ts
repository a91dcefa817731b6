import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Lets in whoever knows the token: as `Authorization: Bearer`, or with the cookie that a login gave. The cookie is signed
 * with the token, so it outlives a restart of the server, ends with the token, and nothing has to be remembered.
 */
export class AccessToken {
  readonly #digest: Buffer;
  readonly #key: Buffer;

  constructor(token: string) {
    this.#digest = digest(token);
    this.#key = createHmac('sha256', token).update('torrent-fuse session key').digest();
  }

  admits({ authorization, cookie }: Credentials, nowMs: number): boolean {
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (bearer !== undefined) return this.matches(bearer);
    const session = cookieValue(cookie, cookieName);
    return session !== undefined && this.#isValid(session, nowMs);
  }

  matches(candidate: string): boolean {
    return timingSafeEqual(digest(candidate), this.#digest);
  }

  /** The `Set-Cookie` of a login. */
  login(nowMs: number): string {
    const expires = String(nowMs + sessionMs);
    return `${cookieName}=${expires}.${this.#sign(expires)}; ${cookieAttributes}; Max-Age=${sessionMs / 1000}`;
  }

  #isValid(session: string, nowMs: number): boolean {
    const [expires, signature, ...rest] = session.split('.');
    if (expires === undefined || signature === undefined || rest.length > 0) return false;
    return timingSafeEqual(digest(signature), digest(this.#sign(expires))) && Number(expires) > nowMs;
  }

  #sign(expires: string): string {
    return createHmac('sha256', this.#key).update(expires).digest('base64url');
  }
}

export interface Credentials {
  readonly authorization?: string | undefined;
  readonly cookie?: string | undefined;
}

/** The `Set-Cookie` of a logout. */
export function logoutCookie(): string {
  return `${cookieName}=; ${cookieAttributes}; Max-Age=0`;
}

const cookieName = 'torrent-fuse';
/** No `Secure`: on a network of one's own there is no certificate, and behind a proxy with one the cookie works all the same. */
const cookieAttributes = 'Path=/; HttpOnly; SameSite=Strict';
const sessionMs = 30 * 24 * 3600 * 1000;

/** Of one length whatever the text, as `timingSafeEqual` needs it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [key, ...value] = part.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}
