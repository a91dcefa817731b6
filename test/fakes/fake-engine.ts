import {
  type AddOptions,
  type ByteStream,
  type Engine,
  EngineError,
  type FileId,
  type FileWishes,
  type InfoHash,
  type LocalFile,
  type PieceMap,
  type StreamOptions,
  type TorrentDetails,
  type TorrentSource,
  type TorrentSummary,
  type WaitOptions,
} from '../../src/engine/index.ts';
import { FakeStream, type Mark, type StreamHost } from './fake-stream.ts';
import { FakeTorrent, type FakeTorrentOptions } from './fake-torrent.ts';
import { Gate, Signals } from './gate.ts';

/** The calls that a test can count, hang or make fail. `read` is a call of {@link ByteStream.read}. */
export type FakeCall = keyof Engine | 'read';

/**
 * An engine over payloads in memory that keeps the contract and misbehaves on request: {@link failCall}, {@link hang},
 * {@link stallAt}, {@link cutAt}, and what {@link FakeTorrent} can do. Nothing in it waits for time to pass.
 *
 *     const engine = new FakeEngine();
 *     const torrent = engine.addTorrent({ length: 10 << 20 });
 *     torrent.peers = 0;                                          // whatever is missing now waits
 *     const cut = engine.cutAt({ infoHash, fileIndex: 0 }, 4096); // the next stream to get there breaks
 */
export class FakeEngine implements Engine {
  readonly description = 'a fake engine';
  /** Every torrent of the swarm, on the list or not, by info hash: what a magnet resolves to. */
  readonly swarm: Map<InfoHash, FakeTorrent> = new Map();
  /** What `add` finds behind a URL. */
  readonly urls: Map<string, FakeTorrent> = new Map();
  /** The streams that are open now. */
  readonly openStreams: Set<FakeStream> = new Set();
  /** How often each method was called. */
  readonly calls: Map<FakeCall, number> = new Map();
  /** The most bytes that one `read` of a stream gives. */
  chunkBytes = 64 << 10;
  /** Engines that live and die with their user have none. */
  uptimeMs?: () => Promise<number>;
  /** Engines that own their files have none. */
  mustVerify?: (infoHash: InfoHash) => boolean;
  recheck?: (infoHash: InfoHash, piece: number) => Promise<void>;
  /** What every call waits for before it answers: one turn of the event loop. */
  latency: () => Promise<void> = () => new Promise(resolve => setImmediate(resolve));
  /** Hears of the errors of {@link failCall} and {@link cutAt} when they happen; of a cut with its place. */
  onFailure: (error: Error, place?: FileId & { readonly offset: number }) => void = () => {};

  readonly #listed: Set<FakeTorrent> = new Set();
  readonly #listeners: Set<() => void> = new Set();
  readonly #failures: Map<FakeCall, Map<number, Error>> = new Map();
  readonly #hung: Map<FakeCall, Gate> = new Map();
  readonly #marks: Mark[] = [];
  readonly #published = new Signals();
  readonly #host: StreamHost;
  #stopped = false;

  constructor() {
    const chunkBytes = (): number => this.chunkBytes;
    this.#host = {
      get chunkBytes() {
        return chunkBytes();
      },
      openStreams: this.openStreams,
      answer: (call, signal) => this.#answer(call, signal),
      torrent: infoHash => this.torrent(infoHash),
      markFrom: (file, offset) => this.#markFrom(file, offset),
      pass: (mark, signal) => this.#pass(mark, signal),
    };
  }

  /** Makes a torrent and puts it on the list. */
  addTorrent(options: FakeTorrentOptions): FakeTorrent {
    const torrent = this.publish(options);
    this.#enlist(torrent);
    return torrent;
  }

  /** Makes a torrent that only the swarm knows, until something adds it. */
  publish(options: FakeTorrentOptions): FakeTorrent {
    const torrent = new FakeTorrent(options);
    this.swarm.set(torrent.infoHash, torrent);
    this.#published.emit();
    return torrent;
  }

  /** The nth call of the method from now on (1: the next) rejects with the error. */
  failCall(call: FakeCall, nth: number, error: Error): void {
    const failures = this.#failures.get(call) ?? new Map<number, Error>();
    failures.set((this.calls.get(call) ?? 0) + nth, error);
    this.#failures.set(call, failures);
  }

  /** Calls of the method do not answer until the returned function is called. */
  hang(call: FakeCall): () => void {
    const gate = new Gate();
    this.#hung.set(call, gate);
    return () => {
      this.#hung.delete(call);
      gate.open();
    };
  }

  /** Streams deliver what lies before the byte, and then wait until the returned function is called. */
  stallAt(file: FileId, offset: number): { lift(): void; readonly reached: Promise<void> } {
    const mark: Mark = { ...file, offset, gate: new Gate(), error: undefined, reached: new Gate() };
    this.#marks.push(mark);
    const lift = (): void => {
      this.#drop(mark);
      mark.gate?.open();
    };
    return { lift, reached: mark.reached.opened };
  }

  /** The first stream to reach the byte delivers what lies before it and fails, `disconnected` unless another error is given. */
  cutAt(file: FileId, offset: number, error: Error = new EngineError('disconnected', 'the stream was cut')): void {
    this.#marks.push({ ...file, offset, gate: undefined, error, reached: new Gate() });
  }

  async list(options: WaitOptions): Promise<readonly TorrentSummary[]> {
    await this.#answer('list', options.signal);
    return [...this.#listed].map(torrent => this.#summary(torrent));
  }

  async add(source: TorrentSource, options: AddOptions): Promise<InfoHash> {
    await this.#answer('add', options.signal);
    const torrent = source.kind === 'url' ? this.#behindUrl(source.url) : await this.#resolve(source, options.signal);
    this.#enlist(torrent);
    return torrent.infoHash;
  }

  async forget(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    await this.#answer('forget', options.signal);
    this.#unlist(infoHash);
  }

  async delete(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    await this.#answer('delete', options.signal);
    const torrent = this.#unlist(infoHash);
    torrent?.lose(...Array.from({ length: torrent.details.pieceCount }, (_, piece) => piece));
  }

  async pause(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    await this.#answer('pause', options.signal);
    this.setState(this.torrent(infoHash), 'paused');
  }

  async resume(infoHash: InfoHash, options: WaitOptions): Promise<void> {
    await this.#answer('resume', options.signal);
    this.setState(this.torrent(infoHash), 'live');
  }

  /** Changes the state and tells the listeners, as an engine does when it happens by itself. */
  setState(torrent: FakeTorrent, state: TorrentSummary['state'], error?: string): void {
    torrent.setState(state, error);
    this.#emit();
  }

  async details(infoHash: InfoHash, options: WaitOptions): Promise<TorrentDetails> {
    await this.#answer('details', options.signal);
    return this.torrent(infoHash).details;
  }

  async metainfo(infoHash: InfoHash, options: WaitOptions): Promise<Uint8Array> {
    await this.#answer('metainfo', options.signal);
    return this.torrent(infoHash).metainfo;
  }

  async pieces(infoHash: InfoHash, options: WaitOptions): Promise<PieceMap> {
    await this.#answer('pieces', options.signal);
    return this.torrent(infoHash).pieceMap;
  }

  async localFile(file: FileId, options: WaitOptions): Promise<LocalFile | undefined> {
    await this.#answer('localFile', options.signal);
    return this.torrent(file.infoHash).localFile(file.fileIndex);
  }

  open(file: FileId, options: StreamOptions): ByteStream {
    this.#count('open');
    const stream = new FakeStream(this.#host, file, options);
    this.openStreams.add(stream);
    return stream;
  }

  async setFileWishes(infoHash: InfoHash, wishes: FileWishes, options: WaitOptions): Promise<void> {
    await this.#answer('setFileWishes', options.signal);
    const torrent = this.torrent(infoHash);
    torrent.wishes = wishes;
    torrent.demandChanged();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const stream of [...this.openStreams]) stream.close();
    this.#published.emit();
  }

  /** @throws EngineError `not-found` when it is not on the list */
  torrent(infoHash: InfoHash): FakeTorrent {
    const torrent = this.swarm.get(infoHash);
    if (torrent === undefined || !this.#listed.has(torrent)) {
      throw new EngineError('not-found', `no torrent ${infoHash}`);
    }
    return torrent;
  }

  #markFrom(file: FileId, offset: number): Mark | undefined {
    const ahead = this.#marks.filter(
      mark => mark.infoHash === file.infoHash && mark.fileIndex === file.fileIndex && mark.offset >= offset,
    );
    return ahead.sort((a, b) => a.offset - b.offset)[0];
  }

  async #pass(mark: Mark, signal: AbortSignal): Promise<void> {
    mark.reached.open();
    if (mark.error !== undefined) {
      this.#drop(mark);
      this.onFailure(mark.error, mark);
      throw mark.error;
    }
    await mark.gate?.passed(signal);
  }

  #drop(mark: Mark): void {
    const index = this.#marks.indexOf(mark);
    if (index >= 0) this.#marks.splice(index, 1);
  }

  #count(call: FakeCall): number {
    const count = (this.calls.get(call) ?? 0) + 1;
    this.calls.set(call, count);
    return count;
  }

  async #answer(call: FakeCall, signal: AbortSignal): Promise<void> {
    const nth = this.#count(call);
    const failure = this.#failures.get(call)?.get(nth);
    signal.throwIfAborted();
    if (this.#stopped) throw new EngineError('stopped', 'the fake engine was stopped');
    await this.#hung.get(call)?.passed(signal);
    await this.latency();
    signal.throwIfAborted();
    if (failure === undefined) return;
    this.onFailure(failure);
    throw failure;
  }

  async #resolve(source: { readonly infoHash: InfoHash }, signal: AbortSignal): Promise<FakeTorrent> {
    for (;;) {
      if (this.#stopped) throw new EngineError('stopped', 'the fake engine was stopped');
      const torrent = this.swarm.get(source.infoHash);
      if (torrent !== undefined) return torrent;
      await this.#published.next(signal);
    }
  }

  #behindUrl(url: URL): FakeTorrent {
    const torrent = this.urls.get(url.href);
    if (torrent === undefined) throw new EngineError('bad-source', `nothing at ${url.href}`);
    return torrent;
  }

  #enlist(torrent: FakeTorrent): void {
    if (this.#listed.has(torrent)) return;
    this.#listed.add(torrent);
    this.#emit();
  }

  #unlist(infoHash: InfoHash): FakeTorrent | undefined {
    const torrent = this.swarm.get(infoHash);
    if (torrent === undefined || !this.#listed.delete(torrent)) return undefined;
    for (const stream of [...this.openStreams]) if (stream.file.infoHash === infoHash) stream.close();
    this.#emit();
    return torrent;
  }

  #emit(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #summary(torrent: FakeTorrent): TorrentSummary {
    const wanted = [...this.openStreams].some(
      stream => stream.file.infoHash === torrent.infoHash && stream.position < stream.endExclusive,
    );
    return {
      infoHash: torrent.infoHash,
      name: torrent.details.name,
      engineId: torrent.engineId,
      state: torrent.state,
      error: torrent.error,
      totalBytes: torrent.details.totalLength,
      progressBytes: torrent.heldBytes,
      wantsMore: (wanted && torrent.heldCount < torrent.details.pieceCount) || torrent.lacksWished,
      peersConnected: torrent.peers,
      peersKnown: torrent.peers,
      downloadSpeed: 0,
      uploadSpeed: 0,
      fetchedBytes: torrent.fetchedBytes,
    };
  }
}
