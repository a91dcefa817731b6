import { sleep } from '../../util/abortable.ts';
import { Backoff } from '../../util/backoff.ts';
import { type Logger, silentLogger } from '../../util/logger.ts';
import type { WaitOptions } from '../engine.ts';
import { EngineError } from '../errors.ts';
import type { EngineFigures } from '../figures.ts';
import type { InfoHash } from '../torrent.ts';
import { CallLog } from './call-log.ts';
import { RequestMeter } from './request-meter.ts';
import { ServerGuard } from './retry-policy.ts';
import {
  addSchema,
  detailsSchema,
  listSchema,
  parseJson,
  type RqbitAdded,
  type RqbitDetails,
  type RqbitListRow,
  type RqbitStats,
  rootSchema,
  sessionStatsSchema,
  statsSchema,
} from './schemas.ts';
import type { AnswerSink, StreamSocket } from './stream-socket.ts';
import { type Answer, type Call, RqbitTransport, type TransportOptions } from './transport.ts';

/**
 * The calls of rqbit's HTTP API that the engine makes, typed and checked. Torrents are named by info hash alone, because rqbit
 * gives the number of a deleted torrent to the next. Every method throws EngineError, or the signal's reason.
 */
export class RqbitClient {
  readonly #options: TransportOptions;
  #transport: RqbitTransport;
  #guard: ServerGuard;
  readonly #meter = new RequestMeter();
  readonly #log: CallLog;
  #receivedBytes = 0;

  /** @param logger is told of every call at `debug` */
  constructor(options: TransportOptions, logger: Logger = silentLogger) {
    this.#options = options;
    this.#log = new CallLog(logger);
    this.#transport = new RqbitTransport(options);
    this.#guard = new ServerGuard(this.#transport.server);
  }

  /** What the server is called in messages. */
  get server(): string {
    return this.#transport.server;
  }

  /** The server was started anew, perhaps at another address. Calls under way fail with `disconnected`. */
  async retarget(url: URL): Promise<void> {
    const old = this.#transport;
    this.#transport = new RqbitTransport({ ...this.#options, url });
    this.#guard = new ServerGuard(this.#transport.server);
    await old.close(new EngineError('disconnected', `${old.server} was started anew`));
  }

  /** Waits until the server answers, for as long as the signal lets it. @returns its version */
  async waitForServer({ signal }: WaitOptions, onFailure: (error: EngineError) => void = () => {}): Promise<string> {
    const backoff = new Backoff({ initialMs: 50, maxMs: 2000 });
    for (;;) {
      try {
        return await this.version({ signal });
      } catch (error) {
        if (!(error instanceof EngineError) || !error.isServerUnavailable) throw error;
        onFailure(error);
      }
      await sleep(backoff.nextMs(), signal);
    }
  }

  /** `GET /`, outside the breaker: it is asked by those who want to know whether the server is there. */
  async version({ signal }: WaitOptions): Promise<string> {
    const call: Call = { method: 'GET', path: '/', signal };
    const { body } = await this.#transport.call(call);
    const { version } = parseJson(rootSchema, body, this.#nameOf(call));
    this.#guard.forgive();
    return version;
  }

  /**
   * Every torrent. This is the call that is made all the time, so while the breaker is open it asks whether the server is back: others
   * need not wait for the end of the 30 s then.
   */
  async list({ signal }: WaitOptions): Promise<readonly RqbitListRow[]> {
    if (this.#guard.breaker === 'open') await this.version({ signal });
    const call: Call = { method: 'GET', path: '/torrents', query: { with_stats: 'true' }, signal };
    const { body } = await this.#repeated(call);
    return parseJson(listSchema, body, this.#nameOf(call)).torrents;
  }

  async uptimeSeconds({ signal }: WaitOptions): Promise<number> {
    const call = get('/stats', signal);
    const { body } = await this.#repeated(call);
    return parseJson(sessionStatsSchema, body, this.#nameOf(call)).uptime_seconds;
  }

  async details(infoHash: InfoHash, { signal }: WaitOptions): Promise<RqbitDetails> {
    const call = get(`/torrents/${infoHash}`, signal);
    const { body } = await this.#repeated(call);
    return parseJson(detailsSchema, body, this.#nameOf(call));
  }

  async stats(infoHash: InfoHash, { signal }: WaitOptions): Promise<RqbitStats> {
    const call = get(`/torrents/${infoHash}/stats/v1`, signal);
    const { body } = await this.#repeated(call);
    return parseJson(statsSchema, body, this.#nameOf(call));
  }

  /** The bytes of a .torrent file around the torrent's exact info dictionary. */
  async metadata(infoHash: InfoHash, { signal }: WaitOptions): Promise<Uint8Array> {
    const call: Call = { ...get(`/torrents/${infoHash}/metadata`, signal), accept: 'application/octet-stream' };
    return (await this.#repeated(call)).body;
  }

  /** The bitfield of verified pieces, most significant bit first, checked to be of `pieceCount` pieces. */
  async haves(infoHash: InfoHash, pieceCount: number, { signal }: WaitOptions): Promise<Uint8Array> {
    const call: Call = { ...get(`/torrents/${infoHash}/haves`, signal), accept: 'application/octet-stream' };
    const { headers, body } = await this.#repeated(call);
    const toldCount = headers['x-bitfield-len'];
    if (toldCount !== String(pieceCount) || body.byteLength !== Math.ceil(pieceCount / 8)) {
      const message = `${this.#nameOf(call)}: a bitfield of ${toldCount} pieces in ${body.byteLength} bytes, where the torrent has ${pieceCount} pieces`;
      throw new EngineError('protocol', message);
    }
    return body;
  }

  /** Adds, or with `listOnly` only resolves. Not repeated by itself: a magnet is resolved anew each time. */
  async add(source: string | Uint8Array, options: AddCallOptions): Promise<RqbitAdded> {
    const call: Call = {
      method: 'POST',
      path: '/torrents',
      query: addQuery(source, options),
      body: source,
      // The server's own limit first, so that its answer says why.
      headersMs: options.timeoutMs + 10_000,
      signal: options.signal,
    };
    const { body } = await this.#once(call);
    return parseJson(addSchema, body, this.#nameOf(call));
  }

  forget(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    return this.#act(infoHash, 'forget', options);
  }

  delete(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    return this.#act(infoHash, 'delete', options);
  }

  pause(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    return this.#act(infoHash, 'pause', options);
  }

  /** One attempt: who repeats it cannot tell whether it was this that paused the torrent. */
  async pauseOnce(infoHash: InfoHash, { signal }: WaitOptions): Promise<void> {
    await this.#once({ method: 'POST', path: `/torrents/${infoHash}/pause`, signal });
  }

  start(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    return this.#act(infoHash, 'start', options);
  }

  /** Dials more peers, `ip:port` each. Only while the torrent is live. */
  async addPeers(infoHash: InfoHash, peers: readonly string[], { signal }: WaitOptions): Promise<void> {
    await this.#once({ method: 'POST', path: `/torrents/${infoHash}/add_peers`, body: peers.join('\n'), signal });
  }

  /** Selects what is downloaded without being read; none is legal. Not while initializing. */
  async updateOnlyFiles(infoHash: InfoHash, files: readonly number[], { signal }: WaitOptions): Promise<void> {
    const path = `/torrents/${infoHash}/update_only_files`;
    const body = JSON.stringify({ only_files: files });
    await this.#repeated({ method: 'POST', path, contentType: 'application/json', body, signal });
  }

  /** Begins to fetch the bytes of a file; the sink hears the rest. @param reads names in the log of the reads that it is for */
  openStream(file: StreamRange, sink: AnswerSink, reads?: (() => readonly string[]) | undefined): StreamSocket {
    const path = pathOfStream(file);
    const range = `bytes=${file.start}-${file.endExclusive - 1}`;
    return this.#transport.openStream(path, range, this.#log.stream({ call: `GET ${path}`, range, reads }, sink));
  }

  /** What the call is named in messages. */
  nameOfStream(file: StreamRange): string {
    return this.#transport.nameOf('GET', pathOfStream(file));
  }

  /** Payload came in on a stream. */
  noteReceived(bytes: number): void {
    this.#receivedBytes += bytes;
  }

  /** Payload that came in on streams, whatever became of it. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** A stream delivered: the server is back, whatever the breaker thinks. */
  noteServerWorks(): void {
    this.#guard.forgive();
  }

  /** Circuit breaker and requests; streams are the pool's. */
  figures(): Pick<EngineFigures, 'breaker' | 'requests'> {
    return { breaker: this.#guard.breaker, requests: this.#meter.figures() };
  }

  async close(): Promise<void> {
    await this.#transport.close(new EngineError('stopped', `${this.server}: we hung up`));
  }

  async #act(infoHash: InfoHash, action: string, { signal }: WaitOptions): Promise<void> {
    await this.#repeated({ method: 'POST', path: `/torrents/${infoHash}/${action}`, signal });
  }

  #once(call: Call): Promise<Answer> {
    return this.#guard.once(() => this.#send(call), call.signal);
  }

  #repeated(call: Call): Promise<Answer> {
    return this.#guard.repeated(() => this.#send(call), call.signal);
  }

  /** One attempt, that is one request. */
  #send(call: Call): Promise<Answer> {
    const { method, path } = call;
    return this.#meter.measure(method, path, () =>
      this.#log.timed(`${method} ${path}`, () => this.#transport.call(call)),
    );
  }

  #nameOf(call: Call): string {
    return this.#transport.nameOf(call.method, call.path);
  }
}

export interface AddCallOptions extends WaitOptions {
  /** Only resolve, and tell of the files and the peers seen. */
  readonly listOnly?: boolean;
  /** `ip:port`, literal addresses only. */
  readonly peers: readonly string[];
  /** Below the server's own folder, in place of the one that it would choose. */
  readonly subFolder?: string | undefined;
  /** Indexes of the files to select; all when absent. */
  readonly onlyFiles?: readonly number[];
  /** How long the server may look for the metadata, in milliseconds. */
  readonly timeoutMs: number;
}

export interface StreamRange {
  readonly infoHash: InfoHash;
  readonly fileIndex: number;
  readonly start: number;
  readonly endExclusive: number;
}

function pathOfStream({ infoHash, fileIndex }: StreamRange): string {
  return `/torrents/${infoHash}/stream/${fileIndex}`;
}

function get(path: string, signal: AbortSignal): Call {
  return { method: 'GET', path, signal };
}

function addQuery(source: string | Uint8Array, options: AddCallOptions): Record<string, string> {
  return {
    is_url: String(typeof source === 'string'),
    // Files that are there already are what a torrent resumes from; without this rqbit refuses them.
    overwrite: 'true',
    timeout_ms: String(options.timeoutMs),
    ...(options.listOnly === true ? { list_only: 'true' } : {}),
    ...(options.peers.length > 0 ? { initial_peers: options.peers.join(',') } : {}),
    ...(options.subFolder === undefined ? {} : { sub_folder: options.subFolder }),
    ...(options.onlyFiles === undefined ? {} : { only_files: options.onlyFiles.join(',') }),
  };
}
