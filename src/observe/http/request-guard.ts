import { isIP } from 'node:net';
import { isLoopback } from './listen-address.ts';

/** What of a request decides whether it may come in. */
export interface RequestFacts {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` and `Sec-Fetch-Mode`: browsers set them, pages cannot. */
  readonly fetchSite: string | undefined;
  readonly fetchMode: string | undefined;
  readonly contentType: string | undefined;
  readonly contentLength: string | undefined;
  readonly transferEncoding: string | undefined;
}

export interface Refusal {
  readonly status: number;
  readonly message: string;
}

export interface GuardOptions {
  /** What the server was told to listen on. */
  readonly listenHost: string;
}

/** All that a body may be, but for that of a dropped .torrent file. */
export const maxBodyBytes = 64 * 1024;
/** As much as the mount takes for a .torrent file in any other way. */
export const maxTorrentBytes = 64 * 1024 * 1024;
export const torrentType = 'application/x-bittorrent';

/**
 * Who is refused before anything of a request is read or done:
 * - a Host that is not ours: a page that rebound its own name to this address (DNS rebinding);
 * - an Origin that is not ours, or a browser that says it acts for another site (CSRF);
 * - a change in a form that a page may send elsewhere without asking first. We never answer a browser that asks (no CORS);
 * - a body that is larger than anything we take, or where none belongs.
 */
export function refusalOf(request: RequestFacts, { listenHost }: GuardOptions): Refusal | undefined {
  if (!isOurHost(request.host, listenHost)) return { status: 403, message: 'this server does not go by that Host' };
  if (!isOurOrigin(request)) return { status: 403, message: 'requests of other sites are refused' };
  return bodyRefusal(request);
}

/**
 * Addresses cannot be rebound, and neither can `localhost`; any other name must be the one that we were told to listen on.
 * The port may differ: it does behind a tunnel.
 */
function isOurHost(host: string | undefined, listenHost: string): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  return isIP(name) !== 0 ? isReachable(name, listenHost) : name === 'localhost' || name === listenHost.toLowerCase();
}

/** On loopback nobody has a reason to call us by an address that is none. */
function isReachable(address: string, listenHost: string): boolean {
  return !isLoopback(listenHost) || isLoopback(address);
}

function hostName(host: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.exec(host ?? '');
  return match?.[1]?.replace(/^\[|\]$/g, '').toLowerCase();
}

function isOurOrigin({ origin, host, fetchSite, fetchMode, method, path }: RequestFacts): boolean {
  if (origin !== undefined) return origin === `http://${host}` || origin === `https://${host}`;
  // Without an Origin it is no change from a page. A link to the dashboard is the one thing other sites may have.
  if (fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none') return true;
  return method === 'GET' && path === '/' && fetchMode === 'navigate';
}

function bodyRefusal(request: RequestFacts): Refusal | undefined {
  const { method, path, contentLength, transferEncoding } = request;
  const type = request.contentType?.split(';')[0]?.trim().toLowerCase();
  const hasBody = transferEncoding !== undefined || Number(contentLength ?? 0) !== 0;
  if (method !== 'POST') return hasBody ? { status: 413, message: `${method} takes no body` } : undefined;
  if (!hasBody && type === undefined) return undefined;
  const takesTorrents = path === '/api/torrents';
  const isTorrent = takesTorrents && type === torrentType;
  if (Number(contentLength ?? 0) > (isTorrent ? maxTorrentBytes : maxBodyBytes)) {
    return { status: 413, message: 'the body is too large' };
  }
  if (isTorrent) return undefined;
  const takes = takesTorrents ? `application/json or ${torrentType}` : 'application/json';
  if (type !== 'application/json') return { status: 415, message: `send ${takes}` };
  return contentLength === undefined ? { status: 411, message: 'say the length of the body' } : undefined;
}
