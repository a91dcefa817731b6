import { abortable } from '../../util/abortable.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type {
  AddOptions,
  ByteStream,
  Engine,
  FileId,
  FileIndexRange,
  FileWishes,
  StreamOptions,
  WaitOptions,
} from '../engine.ts';
import { EngineError } from '../errors.ts';
import type { MayFetch } from '../fetch-metainfo.ts';
import type { EngineFigures } from '../figures.ts';
import type { LocalFile, PieceMap } from '../pieces.ts';
import type { TorrentSource } from '../source.ts';
import type { InfoHash, TorrentDetails, TorrentSummary } from '../torrent.ts';
import type { RqbitClient } from './client.ts';
import { hasStatus } from './http-errors.ts';
import { findLocalFile } from './local-data.ts';
import { StreamPool, type StreamPoolOptions } from './stream-pool.ts';
import { TorrentAdder } from './torrent-adder.ts';
import { TorrentHealth } from './torrent-health.ts';
import { TorrentLister } from './torrent-lister.ts';
import { TorrentPlaces } from './torrent-places.ts';
import { TorrentRecords } from './torrent-records.ts';
import { TorrentRestarter } from './torrent-restarter.ts';
import { TorrentSetup } from './torrent-setup.ts';

export interface RqbitEngineComponents {
  readonly client: RqbitClient;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Whether a .torrent may be fetched from there; asked for each address that is dialled, redirects included. */
  readonly mayFetch: MayFetch;
  /** Closes the client, and whatever else was opened for the engine. */
  readonly release: () => Promise<void>;
}

export interface RqbitEngineSettings {
  readonly description: string;
  /** What is added downloads nothing but what is read. */
  readonly onDemand: boolean;
  /** Dialled for every torrent, `host:port`. */
  readonly peers: readonly string[];
  readonly streams?: StreamPoolOptions;
}

/**
 * The engine contract over one rqbit server. It holds no list of its own: the server's is asked for, and what was learned
 * about its torrents is only kept. See docs/RQBIT.md for what rqbit does differently from what one would expect.
 */
export class RqbitEngine implements Engine {
  readonly description: string;
  readonly #client: RqbitClient;
  readonly #release: () => Promise<void>;
  readonly #settings: RqbitEngineSettings;
  readonly #adder: TorrentAdder;
  readonly #health: TorrentHealth;
  readonly #lister: TorrentLister;
  readonly #records: TorrentRecords;
  readonly #restarter: TorrentRestarter;
  readonly #setup: TorrentSetup;
  readonly #streams: StreamPool;
  readonly #places = new TorrentPlaces();
  readonly #listeners = new Set<() => void>();
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(components: RqbitEngineComponents, settings: RqbitEngineSettings) {
    const { client } = components;
    this.description = settings.description;
    this.#client = client;
    this.#release = components.release;
    this.#settings = settings;
    const restarter = new TorrentRestarter(components);
    this.#restarter = restarter;
    this.#setup = new TorrentSetup({ ...components, restarter, onChange: () => this.#tellChange() }, settings);
    this.#health = new TorrentHealth({ ...components, restarter });
    this.#records = new TorrentRecords(client);
    const places = this.#places;
    this.#adder = new TorrentAdder({ ...components, records: this.#records, places }, settings);
    const fileLength = (file: FileId, options: WaitOptions) => this.#records.fileLength(file, options);
    const isHeld = (file: FileId, offset: number, options: WaitOptions) => this.#records.isHeld(file, offset, options);
    this.#streams = new StreamPool({ ...components, health: this.#health, fileLength, isHeld }, settings.streams);
    const { peers } = settings;
    this.#lister = new TorrentLister(
      {
        ...components,
        records: this.#records,
        restarter,
        streams: this.#streams,
        health: this.#health,
        places,
      },
      { peers },
    );
  }

  list(options: WaitOptions): Promise<readonly TorrentSummary[]> {
    return this.#lister.list(options);
  }

  async uptimeMs(options: WaitOptions): Promise<number> {
    return 1000 * (await this.#client.uptimeSeconds(options));
  }

  async add(source: TorrentSource, options: AddOptions): Promise<InfoHash> {
    const signal = AbortSignal.any([options.signal, this.#stopping.signal]);
    const peers = [...options.peers, ...this.#settings.peers];
    const { infoHash, isNew } = await this.#adder.add(source, { peers, signal });
    this.#restarter.note(infoHash, source.kind === 'magnet' ? [...source.peers, ...peers] : peers);
    if (isNew) {
      this.#tellChange();
      this.#setup.begin(infoHash);
    }
    return infoHash;
  }

  forget(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    return this.#remove(infoHash, () => this.#client.forget(infoHash, options), options);
  }

  async delete(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    await this.#remove(infoHash, () => this.#client.delete(infoHash, options), options);
    this.#places.forget(infoHash);
  }

  async pause(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    // Else it would be started again by who paused it for a moment.
    await abortable(this.#restarter.finished(infoHash), options.signal);
    await this.#client.pause(infoHash, options).catch(async error => {
      if (!hasStatus(error, 400)) throw error;
      const { state } = await this.#client.stats(infoHash, options);
      if (state !== 'paused')
        throw new EngineError('torrent-error', `torrent ${infoHash} cannot be paused: it is in error`);
    });
    this.#tellChange();
  }

  async resume(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    await this.#client.start(infoHash, options).catch(async error => {
      if (!hasStatus(error, 400)) throw error;
      const { state } = await this.#client.stats(infoHash, options);
      if (state !== 'live' && state !== 'initializing') throw error;
    });
    this.#tellChange();
  }

  details(infoHash: InfoHash, options: WaitOptions): Promise<TorrentDetails> {
    return this.#records.details(infoHash, options);
  }

  metainfo(infoHash: InfoHash, options: WaitOptions): Promise<Uint8Array> {
    return this.#records.metainfo(infoHash, options);
  }

  pieces(infoHash: InfoHash, options: WaitOptions): Promise<PieceMap> {
    return this.#records.pieces(infoHash, options);
  }

  async localFile(id: FileId, options: WaitOptions): Promise<LocalFile | undefined> {
    const { file, folder } = await this.#records.placeOf(id, options);
    if (file.attributes.symlink) return undefined;
    const { components, length } = file;
    return abortable(findLocalFile({ folder, components, length }), options.signal);
  }

  open(file: FileId, options: StreamOptions): ByteStream {
    const stream = this.#streams.open(file, options);
    if (this.#stopping.signal.aborted) stream.end(this.#stopping.signal.reason);
    return stream;
  }

  mustVerify(infoHash: InfoHash): boolean {
    return this.#places.isShared(infoHash);
  }

  /** The order in which rqbit downloads is its own. */
  async setFileWishes(infoHash: InfoHash, { wanted, unwanted }: FileWishes, options: WaitOptions): Promise<void> {
    const all = await this.#records.allFiles(infoHash, options);
    // What a new torrent is set up with must not come after what is wished of it.
    await abortable(this.#setup.finished(infoHash), options.signal);
    const named = filesIn(this.#settings.onDemand ? wanted : unwanted);
    const files = all.filter(file => named.has(file) === this.#settings.onDemand);
    await this.#setup.untilChecked(infoHash, options);
    await this.#client.updateOnlyFiles(infoHash, files, options);
  }

  figures(): EngineFigures {
    return { ...this.#client.figures(), streams: this.#streams.figures() };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new EngineError('stopped', 'the engine was stopped'));
    const setUp = this.#setup.stop();
    this.#streams.stop();
    this.#health.stop();
    this.#records.stop();
    await this.#restarter.stop();
    await this.#release();
    await setUp;
  }

  /** The server was started anew: whoever follows the list should look. */
  noteServerRestarted(): void {
    this.#lister.forgetDialled();
    this.#tellChange();
  }

  /** rqbit answers 500 for a torrent that it does not have, which is as good as removed. */
  async #remove(infoHash: InfoHash, remove: () => Promise<void>, options: WaitOptions): Promise<void> {
    await remove().catch(async error => {
      if (hasStatus(error, 404)) return;
      if (!hasStatus(error, 500)) throw error;
      await this.#client.stats(infoHash, options).then(
        () => Promise.reject(error),
        reason => (hasStatus(reason, 404) ? undefined : Promise.reject(reason)),
      );
    });
    this.#records.forget(infoHash);
    this.#restarter.forget(infoHash);
    this.#health.forget(infoHash);
    this.#streams.endStreams(infoHash);
    this.#tellChange();
  }

  #tellChange(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Ranges may be as many as files. */
function filesIn(ranges: readonly FileIndexRange[]): ReadonlySet<number> {
  const files = new Set<number>();
  for (const { first, endExclusive } of ranges) for (let file = first; file < endExclusive; file++) files.add(file);
  return files;
}
