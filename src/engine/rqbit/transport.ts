import { type Dispatcher, Pool } from 'undici';
import { EngineError } from '../errors.ts';
import { RqbitStatusError, transportError } from './http-errors.ts';
import { parseErrorReason } from './schemas.ts';
import type { AnswerSink, StreamSocket } from './stream-socket.ts';
import { StreamSockets } from './stream-sockets.ts';

export interface TransportOptions {
  /** `http:` or `https:`, perhaps with a path before which the API stands; without user and password. */
  readonly url: URL;
  readonly credentials: RqbitCredentials | undefined;
  readonly timeouts?: Partial<TransportTimeouts>;
}

/** Sent in the Authorization header, and never written anywhere else. */
export interface RqbitCredentials {
  readonly user: string;
  readonly password: string;
}

export interface TransportTimeouts {
  readonly connectMs: number;
  /** Until the first byte of an answer. */
  readonly headersMs: number;
  /** Between two bytes of an answer. */
  readonly bodyMs: number;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  /** Below the server's URL, with a leading slash, without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly accept?: 'application/json' | 'application/octet-stream';
  readonly contentType?: string;
  readonly body?: string | Uint8Array;
  /** For calls that the server may ponder on; the transport's own otherwise. */
  readonly headersMs?: number;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/**
 * HTTP to one rqbit server: two bounded pools of connections, so that magnets that resolve do not hold up the short calls, and
 * connections of their own for streams. Follows no redirect, and accepts no success but 200 (206 for streams).
 */
export class RqbitTransport {
  /** What the server is called in messages: its URL without secrets. */
  readonly server: string;
  readonly #basePath: string;
  readonly #authorization: string | undefined;
  readonly #timeouts: TransportTimeouts;
  readonly #calls: Pool;
  readonly #slowCalls: Pool;
  readonly #streams: StreamSockets;
  readonly #host: string;

  constructor(options: TransportOptions) {
    const { url, credentials } = options;
    this.server = `rqbit at ${url.origin}${url.pathname}`.replace(/\/+$/, '');
    this.#host = url.host;
    this.#basePath = url.pathname.replace(/\/+$/, '');
    this.#authorization = credentials && basicAuthorization(credentials);
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    const connect = { timeout: this.#timeouts.connectMs };
    const common = { connect, headersTimeout: this.#timeouts.headersMs, bodyTimeout: this.#timeouts.bodyMs };
    this.#calls = new Pool(url.origin, { ...common, connections: CALL_CONNECTIONS });
    this.#slowCalls = new Pool(url.origin, { ...common, connections: SLOW_CALL_CONNECTIONS });
    // No timeouts here: a missing piece may take for ever, and who reads the stream keeps the time.
    this.#streams = new StreamSockets({ url, connectMs: this.#timeouts.connectMs });
  }

  /** @throws EngineError; the signal's reason */
  async call(call: Call): Promise<Answer> {
    const name = this.nameOf(call.method, call.path);
    call.signal.throwIfAborted();
    try {
      const pool = call.headersMs === undefined ? this.#calls : this.#slowCalls;
      const response = await pool.request(this.#requestOf(call));
      const body = await readAll(response.body, name);
      if (response.statusCode === 200) return { headers: response.headers, body };
      throw new RqbitStatusError(response.statusCode, name, parseErrorReason(body));
    } catch (error) {
      call.signal.throwIfAborted();
      throw transportError(error, name);
    }
  }

  /** Sends a GET for a file's bytes; everything that follows is told to the sink. */
  openStream(path: string, range: string, sink: AnswerSink): StreamSocket {
    const headers = { host: this.#host, accept: '*/*', range, ...this.#headers() };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.#streams.send(`GET ${this.#basePath}${path} HTTP/1.1\r\n${lines.join('')}\r\n`, sink);
  }

  nameOf(method: string, path: string): string {
    return `${this.server}: ${method} ${path}`;
  }

  /** Breaks every connection off, failing what is under way with `reason`, and resolves when they are gone. */
  async close(reason: EngineError): Promise<void> {
    const pools = [this.#calls, this.#slowCalls].map(pool => pool.destroy(reason));
    await Promise.all([...pools, this.#streams.close(reason)]);
  }

  #requestOf(call: Call): Dispatcher.RequestOptions {
    const query = call.query === undefined ? '' : `?${new URLSearchParams(call.query)}`;
    return {
      method: call.method,
      path: this.#basePath + call.path + query,
      headers: {
        ...this.#headers(),
        // rqbit answers /haves with a picture, and / with a redirect to its web page, unless told otherwise.
        accept: call.accept ?? 'application/json',
        ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }),
      },
      signal: call.signal,
      ...(call.body === undefined ? {} : { body: call.body }),
      ...(call.headersMs === undefined ? {} : { headersTimeout: call.headersMs }),
    };
  }

  #headers(): Record<string, string> {
    return this.#authorization === undefined ? {} : { authorization: this.#authorization };
  }
}

const defaultTimeouts: TransportTimeouts = { connectMs: 5000, headersMs: 10_000, bodyMs: 10_000 };
/** One poll, a few refreshed piece maps, and room for what a user does meanwhile. */
const CALL_CONNECTIONS = 6;
/** Magnets that resolve at the same time; each holds its connection for up to a minute. */
const SLOW_CALL_CONNECTIONS = 16;
/** The list of 10,000 torrents has about 10 MiB, a .torrent at most 64 MiB. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

function basicAuthorization({ user, password }: RqbitCredentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

async function readAll(body: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > MAX_ANSWER_BYTES) throw new EngineError('too-large', `${name}: the answer is over 64 MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
