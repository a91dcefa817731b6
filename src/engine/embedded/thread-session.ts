import { messageOf } from '../../util/error-facts.ts';
import { currentOsThread } from '../../util/os-thread.ts';
import { EngineError } from '../errors.ts';
import { infoDictionaryOf, parseMetainfo } from '../metainfo.ts';
import type { InfoHash, TorrentDetails, TorrentSummary } from '../torrent.ts';
import { DataExtents } from './data-extents.ts';
import { diskError } from './disk-error.ts';
import { MagnetResolver } from './magnet-resolver.ts';
import { trackersOf, usableTrackers } from './metainfo-writer.ts';
import { SwarmClient } from './swarm-client.ts';
import type { SwarmMembership } from './swarm-member.ts';
import { ThreadLogger } from './thread-logger.ts';
import type { FromThread, ThreadMethod, ThreadMethods, ThreadOptions, ToThread } from './thread-messages.ts';
import { noWishes, TorrentFolder, type TorrentRecord } from './torrent-folder.ts';
import { TorrentSession } from './torrent-session.ts';
import { WorkQueue } from './work-queue.ts';

type Handlers = {
  [M in ThreadMethod]: (
    argument: Parameters<ThreadMethods[M]>[0],
    signal: AbortSignal,
  ) => Promise<ReturnType<ThreadMethods[M]>>;
};

/** The engine thread's whole work: the list of torrents, and the calls that the main thread makes. */
export class ThreadSession {
  readonly #options: ThreadOptions;
  readonly #post: (message: FromThread) => void;
  readonly #logger: ThreadLogger;
  readonly #torrents = new Map<InfoHash, TorrentSession>();
  readonly #resolving = new Map<InfoHash, MagnetResolver>();
  /** Torrents that are being taken off the list; each settles when nothing of that is left to do. */
  readonly #removing = new Map<InfoHash, Promise<unknown>>();
  readonly #newlyHeld = new Set<InfoHash>();
  readonly #calls = new Map<number, AbortController>();
  readonly #checks = new WorkQueue(CHECKS_AT_ONCE);
  readonly #extents = new DataExtents();
  readonly #handlers: Handlers;
  /** Why nothing begins any more. */
  #stopped: EngineError | undefined;
  #swarm: SwarmClient | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: ThreadOptions, post: (message: FromThread) => void) {
    this.#options = options;
    this.#post = post;
    this.#logger = new ThreadLogger(post);
    this.#handlers = {
      start: () => this.#start(),
      list: async () => this.#list(),
      addMetainfo: ({ infoHash, bytes, peers }) => this.#addMetainfo(infoHash, bytes, peers),
      addMagnet: (magnet, signal) => this.#addMagnet(magnet, signal),
      forget: ({ infoHash }) => this.#remove(infoHash, async folder => folder.unlist()),
      delete: ({ infoHash }) => this.#remove(infoHash, folder => folder.delete()),
      pause: async ({ infoHash }) => void (await this.#torrent(infoHash).pause()),
      resume: async ({ infoHash }) => void (await this.#torrent(infoHash).resume()),
      setFileWishes: async ({ infoHash, wishes }) => void this.#torrent(infoHash).setFileWishes(wishes),
      metainfo: async ({ infoHash }) => this.#torrent(infoHash).metainfo,
      holders: async ({ infoHash, pieces }) => this.#torrent(infoHash).holders(pieces),
      recheck: async ({ infoHash, first, end }) => void (await this.#torrent(infoHash).recheck(first, end)),
      stop: () => this.#stop(),
    };
  }

  receive(message: ToThread): void {
    switch (message.kind) {
      case 'call':
        void this.#answer(message.id, signal => this.#call(message.method, message.argument, signal));
        return;
      case 'abandon':
        this.#calls.get(message.id)?.abort(new EngineError('stopped', 'nobody waits for this any more'));
        return;
      case 'demand':
        this.#torrents.get(message.infoHash)?.demand(message.demand, message);
        return;
      case 'ahead':
        this.#torrents.get(message.infoHash)?.fetchAhead(message.ranges);
        return;
      case 'drop':
        this.#torrents.get(message.infoHash)?.drop(message.demand);
        return;
      default:
        message satisfies never;
    }
  }

  /** A peer's bytes made webtorrent throw where nobody catches: that must not take the other torrents down. */
  survive(error: unknown): void {
    this.#logger.warn({ error: String(error instanceof Error ? error.stack : error) }, 'the swarm code failed');
  }

  #call<M extends ThreadMethod>(method: M, argument: Parameters<ThreadMethods[M]>[0], signal: AbortSignal) {
    return this.#handlers[method](argument, signal);
  }

  async #answer(id: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const abandoned = new AbortController();
    this.#calls.set(id, abandoned);
    try {
      this.#post({ kind: 'result', id, result: await work(abandoned.signal) });
    } catch (error) {
      const failure = diskError(error);
      this.#post({ kind: 'failure', id, code: failure.code, message: failure.message });
    } finally {
      this.#calls.delete(id);
    }
  }

  async #start(): Promise<ReturnType<ThreadMethods['start']>> {
    this.#swarm = await SwarmClient.start(this.#options, error => this.#onSwarmFailure(error));
    for (const folder of TorrentFolder.listed(this.#options.folder)) this.#reopen(folder);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    return { listenPort: this.#swarm.listenPort, osThread: currentOsThread() };
  }

  /** The main thread sees the thread's end, and tells all who wait. */
  #onSwarmFailure(error: Error): void {
    this.#logger.error({ reason: error.message }, 'the swarm client failed');
    process.exit(1);
  }

  #reopen(folder: TorrentFolder): void {
    const record = folder.readRecord();
    if (record === undefined) return;
    try {
      const metainfo = folder.readMetainfo();
      const details = parseMetainfo(metainfo);
      if (details.infoHash !== folder.infoHash) throw new Error('it holds another torrent');
      this.#open({ folder, metainfo, details, record, member: undefined });
    } catch (error) {
      const reason = messageOf(error);
      this.#logger.error({ infoHash: folder.infoHash, reason }, 'a torrent of the last session cannot be opened');
    }
  }

  #list(): TorrentSummary[] {
    return [...this.#torrents.values()].map(torrent => torrent.summary());
  }

  async #addMetainfo(infoHash: InfoHash, metainfo: Uint8Array, peers: readonly string[]): Promise<undefined> {
    await this.#mayAdd(infoHash);
    const resolving = this.#resolving.get(infoHash);
    if (resolving !== undefined) {
      resolving.learn(infoDictionaryOf(metainfo));
      await resolving.resolved;
    }
    const known = this.#torrents.get(infoHash);
    if (known === undefined) this.#create(metainfo, { peers, member: undefined });
    else known.addPeers(peers);
    return undefined;
  }

  async #addMagnet(magnet: Parameters<ThreadMethods['addMagnet']>[0], signal: AbortSignal): Promise<undefined> {
    const { infoHash, peers } = magnet;
    await this.#mayAdd(infoHash);
    const known = this.#torrents.get(infoHash);
    if (known !== undefined) {
      known.addPeers(peers);
      return undefined;
    }
    const resolver = this.#resolving.get(infoHash) ?? this.#resolve(infoHash, usableTrackers(magnet.trackers));
    await resolver.wait(peers, signal);
    return undefined;
  }

  #resolve(infoHash: InfoHash, trackers: readonly string[]): MagnetResolver {
    const resolver = new MagnetResolver({
      infoHash,
      trackers,
      peers: this.#options.peers,
      swarm: this.#requireSwarm(),
      onResolved: (metainfo, found) => {
        this.#resolving.delete(infoHash);
        this.#create(metainfo, found);
      },
      onGivenUp: () => this.#resolving.delete(infoHash),
    });
    this.#resolving.set(infoHash, resolver);
    return resolver;
  }

  #create(metainfo: Uint8Array, found: { peers: readonly string[]; member: SwarmMembership | undefined }): void {
    const details = parseMetainfo(metainfo);
    const folder = new TorrentFolder(this.#options.folder, details.infoHash);
    const record = { paused: false, wishes: noWishes, peers: found.peers };
    folder.create(metainfo, record);
    this.#open({ folder, metainfo, details, record, member: found.member });
  }

  #open(torrent: {
    folder: TorrentFolder;
    metainfo: Uint8Array;
    details: TorrentDetails;
    record: TorrentRecord;
    member: SwarmMembership | undefined;
  }): void {
    const { folder, metainfo, details, record, member } = torrent;
    const session = new TorrentSession(
      {
        folder,
        details,
        infoBytes: infoDictionaryOf(metainfo),
        trackers: trackersOf(metainfo),
        swarm: this.#requireSwarm(),
        extents: this.#extents,
        checks: this.#checks,
        events: {
          onState: changed => this.#tellState(changed),
          onHeld: changed => this.#tellHeld(changed.infoHash),
          onWhole: ({ infoHash }, files) => this.#post({ kind: 'whole', infoHash, files }),
          onProgress: ({ infoHash }, demand, progress) =>
            this.#post({ kind: 'progress', infoHash, demand, ...progress }),
        },
      },
      { record, downloadAll: this.#options.downloadAll, peers: this.#options.peers, member },
    );
    this.#torrents.set(session.infoHash, session);
    this.#tellState(session);
    void session.start();
  }

  /** Goes on though nobody waits for it any more: whoever adds the torrent again waits until it is gone. */
  async #remove(infoHash: InfoHash, fromDisk: (folder: TorrentFolder) => Promise<void>): Promise<undefined> {
    const removal = this.#removed(infoHash).then(() => this.#takeOff(infoHash, fromDisk));
    this.#removing.set(infoHash, removal);
    try {
      await removal;
    } finally {
      if (this.#removing.get(infoHash) === removal) this.#removing.delete(infoHash);
    }
    return undefined;
  }

  async #removed(infoHash: InfoHash): Promise<void> {
    await this.#removing.get(infoHash)?.catch(() => {}); // whoever removes it hears of it
  }

  /** Waits until what goes by this name is gone. @throws EngineError `stopped` */
  async #mayAdd(infoHash: InfoHash): Promise<void> {
    await this.#removed(infoHash);
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  async #takeOff(infoHash: InfoHash, fromDisk: (folder: TorrentFolder) => Promise<void>): Promise<void> {
    await this.#resolving.get(infoHash)?.giveUp(new EngineError('not-found', 'the torrent was removed'));
    const torrent = this.#torrents.get(infoHash);
    this.#torrents.delete(infoHash);
    await torrent?.end();
    // Also when the files cannot be removed: what is held is checked anew if the torrent is added again.
    if (torrent !== undefined) this.#post({ kind: 'gone', infoHash });
    await fromDisk(new TorrentFolder(this.#options.folder, infoHash));
  }

  async #stop(): Promise<undefined> {
    clearInterval(this.#ticker);
    const stopped = new EngineError('stopped', 'the engine was stopped');
    this.#stopped = stopped;
    for (const resolver of [...this.#resolving.values()]) void resolver.giveUp(stopped);
    await Promise.all([...this.#torrents.values()].map(torrent => torrent.end()));
    await Promise.allSettled(this.#removing.values());
    await this.#swarm?.stop();
    return undefined;
  }

  #tick(): void {
    for (const resolver of this.#resolving.values()) resolver.tick();
    for (const torrent of this.#torrents.values()) torrent.tick();
  }

  #tellState(torrent: TorrentSession): void {
    const { infoHash, state, error, held } = torrent;
    const { pieceCount, memory } = held;
    this.#post({ kind: 'torrent', infoHash, state, error, pieceCount, held: memory });
  }

  /** Once a turn: a check finds thousands of pieces a second. */
  #tellHeld(infoHash: InfoHash): void {
    if (this.#newlyHeld.size === 0) {
      setImmediate(() => {
        for (const changed of this.#newlyHeld) this.#post({ kind: 'held', infoHash: changed });
        this.#newlyHeld.clear();
      });
    }
    this.#newlyHeld.add(infoHash);
  }

  #torrent(infoHash: InfoHash): TorrentSession {
    const torrent = this.#torrents.get(infoHash);
    if (torrent === undefined) throw new EngineError('not-found', `no torrent ${infoHash}`);
    return torrent;
  }

  #requireSwarm(): SwarmClient {
    if (this.#swarm === undefined) throw new EngineError('unavailable', 'the engine has not started');
    return this.#swarm;
  }
}

/** One reads while another hashes; more only take turns on the disk. */
const CHECKS_AT_ONCE = 3;
/** How late an overdue block is noticed, and how fresh a reader's progress is. */
const TICK_MS = 250;
