import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { messageOf } from '../util/error-facts.ts';
import { timeoutSignal } from '../util/timeout-signal.ts';
import { EngineError } from './errors.ts';
import { metainfoLimits } from './metainfo-limits.ts';

/** Whether to fetch from this URL at this IP address, the one that would be dialled. */
export type MayFetch = (url: URL, address: string) => boolean;

export interface FetchOptions {
  readonly mayFetch: MayFetch;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

/**
 * Fetches a .torrent over http or https. Every address is judged at the moment it is dialled, those of redirects and those that
 * a name resolves to, so that no name can point into a private network.
 *
 * @throws EngineError `forbidden-address`, `too-large`, `bad-source` (the server has no such file), `unauthorized`,
 * `unavailable`, `connect-timeout`, `network`; the signal's reason
 */
export async function fetchMetainfo(url: URL, options: FetchOptions): Promise<Uint8Array> {
  const deadline = timeoutSignal(options.timeoutMs ?? TIMEOUT_MS);
  const signal = AbortSignal.any([options.signal, deadline]);
  try {
    return await follow(url, { ...options, signal });
  } catch (error) {
    options.signal.throwIfAborted();
    if (deadline.aborted) throw new EngineError('connect-timeout', `${url.host} did not send the .torrent in time`);
    throw error;
  }
}

/** Large .torrent files from slow trackers take seconds; beyond, whoever waits is better told. */
const TIMEOUT_MS = 30_000;
/** As many as browsers bear, by half; each is a chance to be sent in circles. */
const MAX_REDIRECTS = 10;

async function follow(first: URL, options: FetchOptions): Promise<Uint8Array> {
  let url = first;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await get(url, options);
    const location = redirectOf(response);
    if (location === undefined) return await bodyOf(url, response);
    response.destroy();
    url = targetOf(location, url);
  }
  throw new EngineError(
    'bad-source',
    `${first.host} redirects too often; open the URL in a browser and copy the last one`,
  );
}

function get(url: URL, options: FetchOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    assertHostAllowed(url, options.mayFetch);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, {
      signal: options.signal,
      agent: false,
      lookup: guardedLookup(url, options.mayFetch),
      headers: { 'user-agent': 'torrent-fuse', accept: 'application/x-bittorrent, */*', 'accept-encoding': 'identity' },
    });
    request.once('response', resolve);
    request.once('error', error => reject(networkError(url, error)));
    request.end();
  });
}

/** Node asks no lookup function for what is an address already. */
function assertHostAllowed(url: URL, mayFetch: MayFetch): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !mayFetch(url, host)) throw forbidden(url, host);
}

function guardedLookup(url: URL, mayFetch: MayFetch): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const refused = addresses.find(({ address }) => !mayFetch(url, address));
      if (refused !== undefined) callback(forbidden(url, refused.address), '');
      else answer(addresses, options.all === true, callback);
    });
  };
}

function answer(addresses: LookupAddress[], wantsAll: boolean, callback: Parameters<LookupFunction>[2]): void {
  const [first] = addresses;
  if (wantsAll) callback(null, addresses);
  else callback(null, first?.address ?? '', first?.family ?? 4);
}

function redirectOf(response: IncomingMessage): string | undefined {
  const isRedirect = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0);
  return isRedirect ? response.headers.location : undefined;
}

function targetOf(location: string, base: URL): URL {
  if (!URL.canParse(location, base.href)) throw new EngineError('bad-source', `${base.host} redirects to no valid URL`);
  const target = new URL(location, base);
  if (target.protocol === 'http:' || target.protocol === 'https:') return target;
  throw new EngineError('bad-source', `${base.host} redirects to a ${target.protocol} address, which is not fetched`);
}

async function bodyOf(url: URL, response: IncomingMessage): Promise<Uint8Array> {
  try {
    assertFound(url, response.statusCode ?? 0);
    if (Number(response.headers['content-length'] ?? 0) > metainfoLimits.bytes) throw tooLarge(url);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > metainfoLimits.bytes) throw tooLarge(url);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    throw networkError(url, error);
  } finally {
    response.destroy();
  }
}

function assertFound(url: URL, status: number): void {
  if (status === 200) return;
  const what = `${url.host} answered ${status} for the .torrent`;
  if (status === 401 || status === 403)
    throw new EngineError('unauthorized', `${what}; download it in a browser instead`);
  if (status === 429 || status >= 500) throw new EngineError('unavailable', `${what}; try again later`);
  throw new EngineError('bad-source', `${what}; check the URL`);
}

function tooLarge(url: URL): EngineError {
  return new EngineError(
    'too-large',
    `${url.host} sends more than the ${metainfoLimits.bytes} bytes of a .torrent file`,
  );
}

function forbidden(url: URL, address: string): EngineError {
  return new EngineError(
    'forbidden-address',
    `${url.host} is ${address}, in a private network; download the .torrent yourself and add the file`,
  );
}

function networkError(url: URL, error: unknown): Error {
  if (error instanceof EngineError) return error;
  const reason = messageOf(error);
  return new EngineError('network', `cannot fetch the .torrent from ${url.host}: ${reason}`, { cause: error });
}
