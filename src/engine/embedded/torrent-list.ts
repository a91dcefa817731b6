import { messageOf } from '../../util/error-facts.ts';
import { EngineError } from '../errors.ts';
import { infoDictionaryOf, parseMetainfo } from '../metainfo.ts';
import type { InfoHash, TorrentDetails, TorrentSummary } from '../torrent.ts';
import { DataExtents } from './data-extents.ts';
import { MagnetResolver } from './magnet-resolver.ts';
import { trackersOf, usableTrackers } from './metainfo-writer.ts';
import { PieceMemory } from './piece-memory.ts';
import type { SwarmMembership, Swarms } from './swarm-member.ts';
import type { ThreadLogger } from './thread-logger.ts';
import type { FromThread, ThreadArgument, ThreadOptions } from './thread-messages.ts';
import { noWishes, TorrentFolder, type TorrentRecord } from './torrent-folder.ts';
import { TorrentSession } from './torrent-session.ts';
import { WorkQueue } from './work-queue.ts';

export interface TorrentListComponents {
  readonly options: Pick<ThreadOptions, 'folder' | 'downloadAll' | 'peers'>;
  /** @throws EngineError `unavailable` before there is one */
  readonly swarm: () => Swarms;
  readonly logger: ThreadLogger;
  readonly post: (message: FromThread) => void;
}

/** The torrents of the engine thread: found on disk, added and taken off. Whatever changes of them is posted. */
export class TorrentList {
  readonly #options: TorrentListComponents['options'];
  readonly #swarm: () => Swarms;
  readonly #logger: ThreadLogger;
  readonly #post: (message: FromThread) => void;
  readonly #torrents = new Map<InfoHash, TorrentSession>();
  readonly #resolving = new Map<InfoHash, MagnetResolver>();
  /** Torrents that are being taken off the list; each settles when nothing of that is left to do. */
  readonly #removing = new Map<InfoHash, Promise<unknown>>();
  readonly #newlyHeld = new Set<InfoHash>();
  readonly #checks = new WorkQueue(CHECKS_AT_ONCE);
  readonly #extents = new DataExtents();
  readonly #memory = new PieceMemory();
  /** Why nothing begins any more. */
  #stopped: EngineError | undefined;

  constructor({ options, swarm, logger, post }: TorrentListComponents) {
    this.#options = options;
    this.#swarm = swarm;
    this.#logger = logger;
    this.#post = post;
  }

  /** The torrents of the last session. */
  reopen(): void {
    for (const folder of TorrentFolder.listed(this.#options.folder)) this.#reopen(folder);
  }

  get(infoHash: InfoHash): TorrentSession | undefined {
    return this.#torrents.get(infoHash);
  }

  /** @throws EngineError `not-found` */
  require(infoHash: InfoHash): TorrentSession {
    const torrent = this.#torrents.get(infoHash);
    if (torrent === undefined) throw new EngineError('not-found', `no torrent ${infoHash}`);
    return torrent;
  }

  summaries(): TorrentSummary[] {
    return [...this.#torrents.values()].map(torrent => torrent.summary());
  }

  async addMetainfo(infoHash: InfoHash, metainfo: Uint8Array, peers: readonly string[]): Promise<void> {
    await this.#mayAdd(infoHash);
    const resolving = this.#resolving.get(infoHash);
    if (resolving !== undefined) {
      resolving.learn(infoDictionaryOf(metainfo));
      await resolving.resolved;
    }
    const known = this.#torrents.get(infoHash);
    if (known === undefined) this.#create(metainfo, { peers, member: undefined });
    else known.addPeers(peers);
  }

  /** Resolves when a peer sent the metadata; rejects with the signal's reason. */
  async addMagnet(magnet: ThreadArgument<'addMagnet'>, signal: AbortSignal): Promise<void> {
    const { infoHash, peers } = magnet;
    await this.#mayAdd(infoHash);
    const known = this.#torrents.get(infoHash);
    if (known !== undefined) return known.addPeers(peers);
    const resolver = this.#resolving.get(infoHash) ?? this.#resolve(infoHash, usableTrackers(magnet.trackers));
    await resolver.wait(peers, signal);
  }

  /** Takes the torrent off the list and keeps the payload. */
  forget(infoHash: InfoHash): Promise<void> {
    return this.#remove(infoHash, async folder => folder.unlist());
  }

  delete(infoHash: InfoHash): Promise<void> {
    return this.#remove(infoHash, folder => folder.delete());
  }

  /** To be called a few times a second. */
  tick(): void {
    for (const resolver of this.#resolving.values()) resolver.tick();
    for (const torrent of this.#torrents.values()) torrent.tick();
  }

  /** Resolves when no torrent is at work any more. */
  async stop(): Promise<void> {
    const stopped = new EngineError('stopped', 'the engine was stopped');
    this.#stopped = stopped;
    for (const resolver of [...this.#resolving.values()]) void resolver.giveUp(stopped);
    await Promise.all([...this.#torrents.values()].map(torrent => torrent.end()));
    await Promise.allSettled(this.#removing.values());
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

  #resolve(infoHash: InfoHash, trackers: readonly string[]): MagnetResolver {
    const resolver = new MagnetResolver({
      infoHash,
      trackers,
      peers: this.#options.peers,
      swarm: this.#swarm(),
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
    const { downloadAll, peers } = this.#options;
    const session = new TorrentSession(
      {
        folder,
        details,
        infoBytes: infoDictionaryOf(metainfo),
        trackers: trackersOf(metainfo),
        swarm: this.#swarm(),
        extents: this.#extents,
        memory: this.#memory,
        checks: this.#checks,
        events: {
          onState: changed => this.#tellState(changed),
          onHeld: changed => this.#tellHeld(changed.infoHash),
          onWhole: ({ infoHash }, files) => this.#post({ kind: 'whole', infoHash, files }),
          onProgress: ({ infoHash }, demand, progress) =>
            this.#post({ kind: 'progress', infoHash, demand, ...progress }),
        },
      },
      { record, downloadAll, peers, member },
    );
    this.#torrents.set(session.infoHash, session);
    this.#tellState(session);
    void session.start();
  }

  /** Goes on though nobody waits for it any more: whoever adds the torrent again waits until it is gone. */
  async #remove(infoHash: InfoHash, fromDisk: (folder: TorrentFolder) => Promise<void>): Promise<void> {
    const removal = this.#removed(infoHash).then(() => this.#takeOff(infoHash, fromDisk));
    this.#removing.set(infoHash, removal);
    try {
      await removal;
    } finally {
      if (this.#removing.get(infoHash) === removal) this.#removing.delete(infoHash);
    }
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
}

/** One reads while another hashes; more only take turns on the disk. */
const CHECKS_AT_ONCE = 3;
