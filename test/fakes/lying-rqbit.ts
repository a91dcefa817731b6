import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseMetainfo } from '../../src/engine/metainfo.ts';
import { FakeRqbitTorrent, SESSION_FOLDER } from './lying-rqbit-torrent.ts';

/**
 * An HTTP server that answers as rqbit 9.0.1 does, quirks included, and lies when it is told to: see {@link Lie}. Payload comes
 * from memory, and pieces are held only when a test says so.
 */
export class LyingRqbit {
  readonly url: URL;
  readonly torrents = new Map<string, FakeRqbitTorrent>();
  /** `METHOD /path?query` of every request, in order. */
  readonly requests: string[] = [];
  /** What a magnet resolves to. */
  readonly swarm = new Map<string, Uint8Array>();
  /** `user:pass`; none is asked for while undefined. */
  userpass: string | undefined;
  maxUploadBytes = 10 * 2 ** 20;
  /** Of `--max-blocking-threads`: streams beyond it wait before their headers, and adds too. */
  permits = 8;
  version = '9.0.1';
  uptimeSeconds = 3600;
  openStreams = 0;
  /** Two at the same time can get the same number from rqbit. */
  mostAddsAtOnce = 0;
  #addsUnderWay = 0;
  #lies: ActiveLie[] = [];
  readonly #server: Server;
  readonly #permitWaiters: (() => void)[] = [];

  private constructor(server: Server, url: URL) {
    this.#server = server;
    this.url = url;
  }

  /** @param port a reserved one for a server that goes away and comes back */
  static async start(port = 0): Promise<LyingRqbit> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    // A TCP server has an address object once it listens.
    const address = server.address() as AddressInfo;
    const fake = new LyingRqbit(server, new URL(`http://127.0.0.1:${address.port}/`));
    server.on('request', (request, response) => {
      fake.#serve(request, response).catch(error => {
        if (error instanceof Refusal) fake.#answer(response, error.status, refusalBody(error));
        else response.destroy(error);
      });
    });
    return fake;
  }

  /** From now on, what matches `pattern` (method and path) is answered with the lie, `times` times. */
  lie(pattern: RegExp, lie: Lie, times = Number.POSITIVE_INFINITY): void {
    this.#lies.push({ pattern, lie, left: times });
  }

  beHonest(): void {
    this.#lies = [];
  }

  add(bytes: Uint8Array): FakeRqbitTorrent {
    const details = parseMetainfo(bytes);
    const known = this.torrents.get(details.infoHash);
    if (known !== undefined) return known;
    // As with JSON persistence: the number of a deleted torrent comes again.
    const id = Math.max(-1, ...[...this.torrents.values()].map(torrent => torrent.id)) + 1;
    const torrent = new FakeRqbitTorrent({ id, details, bytes });
    this.torrents.set(details.infoHash, torrent);
    return torrent;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const name = `${request.method} ${url.pathname}${url.search}`;
    this.requests.push(name);
    const body = await readBody(request);
    const lie = this.#lieFor(name);
    if (lie?.kind === 'answer') return this.#answer(response, lie.status, lie.body, lie.headers);
    if (lie?.kind === 'silence') return;
    if (lie?.kind === 'hang-up') return void request.socket.destroy();
    if (lie?.kind === 'raw') return void request.socket.end(lie.bytes);
    const denied = this.#denied(request);
    if (denied !== undefined) return this.#answer(response, 401, denied);
    await this.#route({ request, response, url, body, lie });
  }

  async #route(exchange: Exchange): Promise<void> {
    const { request, response, url } = exchange;
    const [, root, key, action, argument] = url.pathname.split('/');
    const send = (value: unknown) =>
      this.#answer(response, 200, JSON.stringify(exchange.lie?.kind === 'edit' ? exchange.lie.edit(value) : value));
    if (root === '') return send({ apis: {}, server: 'rqbit', version: this.version });
    if (root === 'stats') return send({ uptime_seconds: this.uptimeSeconds });
    if (root !== 'torrents') return this.#answer(response, 404, '');
    if (key === undefined) {
      if (request.method === 'POST') return this.#addRequest(exchange, send);
      const withStats = url.searchParams.get('with_stats') === 'true';
      return send({ torrents: [...this.torrents.values()].reverse().map(torrent => torrent.listRow(withStats)) });
    }
    const torrent = this.torrents.get(key) ?? [...this.torrents.values()].find(({ id }) => String(id) === key);
    if (torrent === undefined) return this.#unknown(exchange, key, action);
    if (action === 'stream') return this.#stream(exchange, torrent, Number(argument));
    if (request.method === 'POST') return this.#act(exchange, torrent, action);
    if (action === undefined) return send(torrent.detailsJson());
    if (action === 'stats') return send(torrent.statsJson());
    if (action === 'metadata') return this.#answer(response, 200, torrent.bytes, octets);
    if (action === 'haves') return this.#haves(exchange, torrent);
    this.#answer(response, 404, '');
  }

  #unknown({ response }: Exchange, key: string, action: string | undefined): void {
    // rqbit's own inconsistency.
    if (action === 'forget' || action === 'delete') throw new Refusal(500, `error: no such torrent in db`);
    this.#answer(
      response,
      404,
      JSON.stringify({ error_kind: 'torrent_not_found', human_readable: `torrent not found ${key}` }),
    );
  }

  async #addRequest({ response, url, body }: Exchange, send: (value: unknown) => void): Promise<void> {
    if (body.byteLength > this.maxUploadBytes) throw new Refusal(413, 'body too large');
    const isUrl = url.searchParams.get('is_url') === 'true';
    const bytes = isUrl ? this.swarm.get(/btih:([0-9a-f]{40})/.exec(body.toString())?.[1] ?? '') : body;
    if (bytes === undefined) throw new Refusal(400, 'error adding torrent: no known way to resolve peers');
    const peers = url.searchParams.get('initial_peers')?.split(',') ?? null;
    if (url.searchParams.get('list_only') === 'true') {
      const torrent = new FakeRqbitTorrent({ id: 0, details: parseMetainfo(bytes), bytes });
      return send({
        id: null,
        details: { ...torrent.detailsJson(), id: undefined },
        output_folder: '',
        seen_peers: peers,
      });
    }
    this.mostAddsAtOnce = Math.max(this.mostAddsAtOnce, ++this.#addsUnderWay);
    await this.#permit(response);
    await new Promise(resolve => setImmediate(resolve));
    try {
      const torrent = this.add(bytes);
      const subFolder = url.searchParams.get('sub_folder');
      if (subFolder !== null) torrent.outputFolder = `${SESSION_FOLDER}/${subFolder}`;
      const onlyFiles = url.searchParams.get('only_files');
      if (onlyFiles !== null) torrent.select(onlyFiles.split(',').map(Number));
      send({ id: torrent.id, details: torrent.detailsJson(), output_folder: torrent.outputFolder, seen_peers: null });
    } finally {
      this.#addsUnderWay--;
      this.#returnPermit();
    }
  }

  #act({ response, body }: Exchange, torrent: FakeRqbitTorrent, action: string | undefined): void {
    switch (action) {
      case 'pause':
        if (torrent.state === 'paused' || torrent.state === 'error')
          throw new Refusal(400, 'torrent is already paused');
        torrent.state = 'paused';
        break;
      case 'start':
        if (torrent.state === 'live') throw new Refusal(400, 'torrent is already live');
        torrent.state = 'live';
        break;
      case 'forget':
      case 'delete':
        torrent.end();
        this.torrents.delete(torrent.details.infoHash);
        break;
      case 'update_only_files':
        if (torrent.state === 'initializing') throw new Refusal(500, 'error updating only_files: initializing');
        torrent.select(JSON.parse(body.toString()).only_files);
        break;
      case 'add_peers':
        if (torrent.state !== 'live') throw new Refusal(500, 'torrent is not live');
        torrent.peers.push(...body.toString().split('\n'));
        break;
      default:
        throw new Refusal(404, 'no such route');
    }
    this.#answer(response, 200, '{}');
  }

  #haves({ request, response }: Exchange, torrent: FakeRqbitTorrent): void {
    if (torrent.state === 'initializing' || torrent.state === 'error') throw new Refusal(412, 'torrent is not live');
    const headers = { ...octets, 'x-bitfield-len': String(torrent.details.pieceCount) };
    const wantsBits = request.headers.accept?.includes('application/octet-stream');
    if (wantsBits) this.#answer(response, 200, torrent.bitfield(), headers);
    else this.#answer(response, 200, '<svg></svg>', { 'content-type': 'image/svg+xml' });
  }

  async #stream(exchange: Exchange, torrent: FakeRqbitTorrent, fileIndex: number): Promise<void> {
    const { request, response, lie } = exchange;
    const file = torrent.details.files[fileIndex];
    if (file === undefined) throw new Refusal(500, 'invalid file');
    if (torrent.state === 'initializing' || torrent.state === 'error') {
      throw new Refusal(500, `with_storage_and_file: invalid state: ${torrent.state}`);
    }
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = asked === null ? 0 : Number(asked[1]);
    response.setMaxListeners(0);
    const end = asked === null || asked[2] === '' ? file.length - 1 : Number(asked[2]);
    if (asked !== null && (start >= file.length || end < start || end >= file.length)) {
      throw new Refusal(416, 'bad range');
    }
    await this.#permit(response);
    if (response.destroyed) return this.#returnPermit();
    this.openStreams++;
    try {
      const headers = {
        'accept-ranges': 'bytes',
        'content-range': `bytes ${start}-${end}/${file.length}`,
        'content-length': String(end - start + 1),
        ...(lie?.kind === 'stream' ? lie.headers : {}),
      };
      response.writeHead(
        lie?.kind === 'stream' ? (lie.status ?? 206) : asked === null ? 200 : 206,
        withoutUndefined(headers),
      );
      response.flushHeaders();
      await this.#pour(exchange, torrent, { start: file.offset + start, end: file.offset + end + 1 });
    } finally {
      this.openStreams--;
      this.#returnPermit();
    }
  }

  async #pour({ request, response, lie }: Exchange, torrent: FakeRqbitTorrent, span: { start: number; end: number }) {
    const body = lie?.kind === 'stream' ? lie : undefined;
    const limit = body?.after === undefined ? span.end : Math.min(span.end, span.start + body.after);
    for (let offset = span.start; offset < limit; ) {
      const bytes = await torrent.read(offset, Math.min(65_536, limit - offset), response);
      if (bytes === undefined || response.destroyed) return void request.socket.destroy();
      offset += bytes.byteLength;
      if (!response.write(bytes)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    if (body?.extra !== undefined) response.write(body.extra);
    if (body?.ending === 'stall') await once(response, 'close');
    else if (body?.ending === 'hang-up') request.socket.destroy();
    else response.end();
  }

  async #permit(response: ServerResponse): Promise<void> {
    if (this.permits > 0) {
      this.permits--;
      return;
    }
    await new Promise<void>(resolve => {
      this.#permitWaiters.push(resolve);
      response.once('close', () => {
        const index = this.#permitWaiters.indexOf(resolve);
        if (index < 0) return;
        this.#permitWaiters.splice(index, 1);
        this.permits--;
        resolve();
      });
    });
  }

  #returnPermit(): void {
    const next = this.#permitWaiters.shift();
    if (next === undefined) this.permits++;
    else next();
  }

  #denied(request: IncomingMessage): string | undefined {
    if (this.userpass === undefined) return undefined;
    const { authorization } = request.headers;
    if (authorization === undefined) return '';
    const expected = `Basic ${Buffer.from(this.userpass).toString('base64')}`;
    return authorization === expected
      ? undefined
      : JSON.stringify({ error_kind: 'unauthorized', human_readable: 'unauthorized' });
  }

  #answer(response: ServerResponse, status: number, body: string | Uint8Array, headers: Headers = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  }

  #lieFor(name: string): Lie | undefined {
    const found = this.#lies.find(({ pattern, left }) => left > 0 && pattern.test(name));
    if (found !== undefined) found.left--;
    return found?.lie;
  }
}

/** rqbit's ordinary JSON error. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

export type Lie =
  /** This, whatever was asked. */
  | { readonly kind: 'answer'; readonly status: number; readonly body: string | Uint8Array; readonly headers?: Headers }
  /** Takes the request and says nothing. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'hang-up' }
  /** These bytes in place of an HTTP answer. */
  | { readonly kind: 'raw'; readonly bytes: string | Uint8Array }
  /** The honest JSON, changed. */
  | { readonly kind: 'edit'; readonly edit: (json: unknown) => unknown }
  /** A stream whose head or body is wrong; a header of undefined is left out. */
  | {
      readonly kind: 'stream';
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string | undefined>>;
      /** Stop the true bytes after so many. */
      readonly after?: number;
      /** Then send these. */
      readonly extra?: Uint8Array;
      readonly ending?: 'end' | 'hang-up' | 'stall';
    };

type Headers = Readonly<Record<string, string>>;

interface ActiveLie {
  readonly pattern: RegExp;
  readonly lie: Lie;
  left: number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: Buffer;
  readonly lie: Lie | undefined;
}

function refusalBody(refusal: Refusal): string {
  return JSON.stringify({ error_kind: 'internal_error', human_readable: refusal.message, status: refusal.status });
}

const octets = { 'content-type': 'application/octet-stream' };

function withoutUndefined(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
