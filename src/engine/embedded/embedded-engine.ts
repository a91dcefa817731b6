import { join } from 'node:path';
import { abortable } from '../../util/abortable.ts';
import type { Logger } from '../../util/logger.ts';
import { mayWaitForServer } from '../../util/server-disk.ts';
import type {
  AddOptions,
  ByteStream,
  Engine,
  FileId,
  FileWishes,
  StreamOptions,
  TorrentRange,
  WaitOptions,
} from '../engine.ts';
import { EngineError } from '../errors.ts';
import { fetchMetainfo, type MayFetch } from '../fetch-metainfo.ts';
import type { EngineFigures } from '../figures.ts';
import { parseMetainfo } from '../metainfo.ts';
import type { LocalFile, PieceHolders, PieceMap } from '../pieces.ts';
import type { TorrentSource } from '../source.ts';
import type { InfoHash, TorrentDetails, TorrentSummary } from '../torrent.ts';
import { type ByteDemand, EmbeddedStream, type StreamHost } from './embedded-stream.ts';
import { ListedTorrent, type TorrentLayout } from './listed-torrent.ts';
import { OpenFiles } from './open-files.ts';
import { ThreadClient, type ThreadNotice } from './thread-client.ts';

export interface EmbeddedEngineOptions {
  /** Torrents and their payload lie in `<dataDir>/torrents/<infohash>/`. Locked by the caller. */
  readonly dataDir: string;
  /** Fetch all of every torrent that was not told otherwise; else nothing is fetched before it is read. */
  readonly downloadAll: boolean;
  /** Dialled for every torrent, `host:port`. */
  readonly peers: readonly string[];
  readonly dht: boolean;
  readonly trackers: boolean;
  /** Local service discovery, BEP 14. */
  readonly lsd: boolean;
  /** TCP, and UDP for the DHT; zero is any free one. */
  readonly listenPort: number;
  /** The address to listen on; every address when undefined. */
  readonly listenHost?: string | undefined;
}

export interface EmbeddedEngineComponents {
  readonly logger: Logger;
  /** Whether a .torrent may be fetched from there; asked for each address that is dialled, redirects included. */
  readonly mayFetch: MayFetch;
}

/**
 * Starts webtorrent in a thread of its own, over the torrents of the last session.
 *
 * @throws EngineError `io` when the port is taken or the data directory cannot be used
 */
export async function createEmbeddedEngine(
  options: EmbeddedEngineOptions,
  components: EmbeddedEngineComponents,
): Promise<Engine> {
  const engine = new EmbeddedEngine(options, components);
  try {
    await engine.start();
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

class EmbeddedEngine implements Engine {
  readonly description = 'embedded';
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #mayFetch: MayFetch;
  readonly #thread: ThreadClient;
  readonly #torrents = new Map<InfoHash, ListedTorrent>();
  readonly #streams = new Map<number, EmbeddedStream>();
  readonly #files = new OpenFiles();
  readonly #listeners = new Set<() => void>();
  readonly #ended = new AbortController();
  readonly #streamHost: StreamHost;
  #osThread: number | undefined;
  /** See {@link LocalFile.mayHang}. */
  #mayHang = true;
  #nextDemand = 1;
  #stopping: Promise<void> | undefined;

  constructor(options: EmbeddedEngineOptions, components: EmbeddedEngineComponents) {
    this.#folder = join(options.dataDir, 'torrents');
    this.#logger = components.logger;
    this.#mayFetch = components.mayFetch;
    this.#thread = new ThreadClient(
      {
        folder: this.#folder,
        downloadAll: options.downloadAll,
        peers: [...options.peers],
        dht: options.dht,
        trackers: options.trackers,
        lsd: options.lsd,
        listenPort: options.listenPort,
        listenHost: options.listenHost,
      },
      { onNotice: notice => this.#onNotice(notice), onGone: reason => this.#onGone(reason) },
    );
    this.#streamHost = {
      files: this.#files,
      torrent: file => this.#torrent(file.infoHash),
      layout: (torrent, signal) => this.#layout(torrent, signal),
      demand: (stream, demand) => this.#demand(stream, demand),
      recheck: async ({ infoHash }, pieces, signal) => {
        await this.#thread.call('recheck', { infoHash, ...pieces }, signal);
      },
      ended: stream => this.#streamEnded(stream),
    };
  }

  async start(): Promise<void> {
    const { listenPort, osThread } = await this.#thread.call('start', undefined);
    this.#osThread = osThread;
    this.#mayHang = await mayWaitForServer(this.#folder).catch(() => true);
    this.#logger.info({ listenPort, torrents: this.#torrents.size }, 'the embedded engine is ready');
  }

  list({ signal }: WaitOptions): Promise<readonly TorrentSummary[]> {
    return this.#thread.call('list', undefined, signal);
  }

  async add(source: TorrentSource, { peers, signal }: AddOptions): Promise<InfoHash> {
    if (source.kind === 'magnet') {
      const { infoHash, uri } = source;
      const trackers = new URL(uri).searchParams.getAll('tr');
      await this.#thread.call('addMagnet', { infoHash, trackers, peers: [...source.peers, ...peers] }, signal);
      return infoHash;
    }
    const bytes = source.kind === 'metainfo' ? source.bytes : await this.#fetch(source.url, signal);
    const { infoHash } = parseMetainfo(bytes);
    await this.#thread.call('addMetainfo', { infoHash, bytes, peers: [...peers] }, signal);
    return infoHash;
  }

  async forget(infoHash: InfoHash, { signal }: WaitOptions): Promise<void> {
    await this.#thread.call('forget', { infoHash }, signal);
  }

  async delete(infoHash: InfoHash, { signal }: WaitOptions): Promise<void> {
    await this.#thread.call('delete', { infoHash }, signal);
  }

  async pause(infoHash: InfoHash, { signal }: WaitOptions): Promise<void> {
    await this.#thread.call('pause', { infoHash }, signal);
  }

  async resume(infoHash: InfoHash, { signal }: WaitOptions): Promise<void> {
    await this.#thread.call('resume', { infoHash }, signal);
  }

  fetchAhead(infoHash: InfoHash, ranges: readonly TorrentRange[]): void {
    this.#thread.send({ kind: 'ahead', infoHash, ranges });
  }

  async setFileWishes(infoHash: InfoHash, wishes: FileWishes, { signal }: WaitOptions): Promise<void> {
    await this.#thread.call('setFileWishes', { infoHash, wishes }, signal);
  }

  async details(infoHash: InfoHash, { signal }: WaitOptions): Promise<TorrentDetails> {
    return (await this.#layout(this.#torrent(infoHash), signal)).details;
  }

  metainfo(infoHash: InfoHash, { signal }: WaitOptions): Promise<Uint8Array> {
    return this.#thread.call('metainfo', { infoHash }, signal);
  }

  async pieces(infoHash: InfoHash, { signal }: WaitOptions): Promise<PieceMap> {
    signal.throwIfAborted();
    return this.#torrent(infoHash).held;
  }

  holders(infoHash: InfoHash, pieces: readonly number[], { signal }: WaitOptions): Promise<PieceHolders> {
    return this.#thread.call('holders', { infoHash, pieces }, signal);
  }

  async localFile({ infoHash, fileIndex }: FileId, { signal }: WaitOptions): Promise<LocalFile | undefined> {
    const torrent = this.#torrent(infoHash);
    const { paths } = await this.#layout(torrent, signal);
    const path = paths[fileIndex];
    if (path === undefined) return undefined;
    const checkedState = torrent.checkedState(fileIndex);
    // The state of a whole file tells by itself.
    const mustLook = checkedState === undefined && torrent.held.heldCount > 0 && !torrent.held.isDoubted;
    if (mustLook) await this.#thread.call('lookAt', { infoHash, fileIndex }, signal);
    return { path, mustVerify: false, checkedState, mayHang: this.#mayHang };
  }

  mustVerify(infoHash: InfoHash): boolean {
    return this.#torrents.get(infoHash)?.held.isDoubted ?? false;
  }

  async recheck(infoHash: InfoHash, piece: number, { signal }: WaitOptions): Promise<void> {
    this.#torrent(infoHash).held.doubt();
    await this.#thread.call('recheck', { infoHash, first: piece, end: piece + 1 }, signal);
  }

  open(file: FileId, options: StreamOptions): ByteStream {
    const stream = new EmbeddedStream(this.#streamHost, { demandId: this.#nextDemand++, file }, options);
    if (this.#ended.signal.aborted) stream.end(this.#ended.signal.reason);
    if (!stream.isEnded) this.#streams.set(stream.demandId, stream);
    return stream;
  }

  figures(): EngineFigures {
    return { threads: this.#osThread === undefined ? [] : [{ name: 'engine', osThread: this.#osThread }] };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#end(new EngineError('stopped', 'the engine was stopped'));
    await this.#thread.stop();
    this.#files.closeAll();
  }

  #end(reason: EngineError): void {
    this.#ended.abort(reason);
    for (const stream of [...this.#streams.values()]) stream.end(reason);
  }

  async #fetch(url: URL, signal: AbortSignal): Promise<Uint8Array> {
    return fetchMetainfo(url, {
      mayFetch: this.#mayFetch,
      signal: AbortSignal.any([signal, this.#ended.signal]),
    });
  }

  #torrent(infoHash: InfoHash): ListedTorrent {
    this.#ended.signal.throwIfAborted();
    const torrent = this.#torrents.get(infoHash);
    if (torrent === undefined) throw new EngineError('not-found', `no torrent ${infoHash}`);
    return torrent;
  }

  async #layout(torrent: ListedTorrent, signal: AbortSignal): Promise<TorrentLayout> {
    signal.throwIfAborted();
    // Shared by all who ask, so no single one's signal ends it.
    const layout = torrent.layout(() => this.#thread.call('metainfo', { infoHash: torrent.infoHash }));
    return await abortable(layout, signal);
  }

  #demand({ demandId, file, reads }: EmbeddedStream, demand: ByteDemand): void {
    if (this.#logger.debugEnabled) {
      const waiting = reads?.() ?? [];
      this.#logger.debug(
        { stream: demandId, ...file, ...demand, reads: waiting },
        'a stream wants bytes of the torrent',
      );
    }
    this.#thread.send({ kind: 'demand', demand: demandId, infoHash: file.infoHash, ...demand });
  }

  #streamEnded(stream: EmbeddedStream): void {
    const { demandId: demand, file } = stream;
    if (this.#streams.delete(demand)) this.#thread.send({ kind: 'drop', demand, infoHash: file.infoHash });
  }

  #onNotice(notice: ThreadNotice): void {
    switch (notice.kind) {
      case 'torrent':
        this.#onTorrent(notice);
        return;
      case 'gone':
        this.#onTorrentGone(notice.infoHash);
        return;
      case 'held':
        this.#torrents.get(notice.infoHash)?.changes.wake();
        return;
      case 'whole':
        this.#torrents.get(notice.infoHash)?.setWhole(notice.files);
        return;
      case 'progress':
        this.#streams.get(notice.demand)?.hearProgress(notice);
        return;
      case 'log':
        this.#logger[notice.level](notice.fields, notice.message);
        return;
      default:
        notice satisfies never;
    }
  }

  #onTorrent(notice: Extract<ThreadNotice, { kind: 'torrent' }>): void {
    const known = this.#torrents.get(notice.infoHash);
    if (known === undefined) this.#torrents.set(notice.infoHash, new ListedTorrent(notice, this.#folder));
    else known.setState(notice.state, notice.error);
    this.#tellChange();
  }

  #onTorrentGone(infoHash: InfoHash): void {
    this.#torrents.delete(infoHash);
    this.#files.closeAll(); // if it is added again, its files are others
    const gone = new EngineError('stopped', 'the torrent was removed');
    for (const stream of [...this.#streams.values()]) if (stream.file.infoHash === infoHash) stream.end(gone);
    this.#tellChange();
  }

  #onGone(reason: EngineError): void {
    this.#logger.error({ error: reason }, 'the embedded engine ended');
    this.#end(reason);
    this.#tellChange();
  }

  #tellChange(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
