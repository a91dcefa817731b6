import { setMaxListeners } from 'node:events';
import type { FileWishes, TorrentRange } from '../engine.ts';
import { EngineError } from '../errors.ts';
import { piecesOf } from '../payload-layout.ts';
import type { PieceHolders } from '../pieces.ts';
import type { EngineTorrentState, InfoHash, TorrentDetails, TorrentSummary } from '../torrent.ts';
import { CheckedPayload } from './checked-payload.ts';
import type { DataExtents } from './data-extents.ts';
import { noPieces, type PiecePlan } from './demand-plan.ts';
import { diskError } from './disk-error.ts';
import { FetchPlanner } from './fetch-planner.ts';
import type { HeldPieces } from './held-pieces.ts';
import { PieceFetcher } from './piece-fetcher.ts';
import { holdersOf } from './piece-holders.ts';
import type { PieceMemory } from './piece-memory.ts';
import type { SwarmContent, SwarmMembership, Swarms } from './swarm-member.ts';
import type { PieceProgress, WholeFile } from './thread-messages.ts';
import type { TorrentFolder, TorrentRecord } from './torrent-folder.ts';
import type { WorkQueue } from './work-queue.ts';

export interface TorrentSessionComponents {
  readonly folder: TorrentFolder;
  readonly details: TorrentDetails;
  readonly infoBytes: Uint8Array;
  readonly trackers: readonly string[];
  readonly swarm: Swarms;
  readonly extents: DataExtents;
  readonly memory: PieceMemory;
  /** Lets a few torrents be checked at a time. */
  readonly checks: WorkQueue;
  readonly events: TorrentSessionEvents;
}

export interface TorrentSessionEvents {
  readonly onState: (torrent: TorrentSession) => void;
  readonly onHeld: (torrent: TorrentSession) => void;
  readonly onWhole: (torrent: TorrentSession, files: readonly WholeFile[]) => void;
  readonly onProgress: (torrent: TorrentSession, demand: number, progress: PieceProgress) => void;
}

export interface TorrentSessionOptions {
  readonly record: TorrentRecord;
  /** Whether files are wanted of which `record.wishes` says nothing. */
  readonly downloadAll: boolean;
  /** Dialled beside those of the record. */
  readonly peers: readonly string[];
  /** A member of the swarm that resolved the metadata, to go on with. */
  readonly member: SwarmMembership | undefined;
}

/**
 * One torrent on the engine thread: checked first, then in its swarm until it is paused or its disk fails. While it is checked
 * it is listed, and each piece can be read as soon as it is found right.
 */
export class TorrentSession {
  readonly infoHash: InfoHash;
  readonly #components: TorrentSessionComponents;
  readonly #payload: CheckedPayload;
  readonly #planner: FetchPlanner;
  readonly #fetcher: PieceFetcher;
  readonly #ended = new AbortController();
  readonly #peers: Set<string>;
  #record: TorrentRecord;
  #member: SwarmMembership | undefined;
  #error: string | undefined;
  #dialledAtMs = 0;
  #isUpdateDue = false;
  /** What still uses the disk. */
  readonly #busy = new Set<Promise<unknown>>();

  constructor(components: TorrentSessionComponents, options: TorrentSessionOptions) {
    const { details, folder, extents, memory, events } = components;
    this.infoHash = details.infoHash;
    this.#components = components;
    this.#record = options.record;
    this.#member = options.member;
    this.#peers = new Set([...options.record.peers, ...options.peers]);
    const { signal } = this.#ended;
    setMaxListeners(0, signal); // every write that waits for its turn listens
    this.#payload = new CheckedPayload({
      details,
      folder: folder.files,
      extents,
      signal,
      events: {
        onHeld: () => events.onHeld(this),
        onLost: piece => this.#member?.revoke(piece),
        onWhole: files => events.onWhole(this, files),
      },
    });
    const wires = () => this.#member?.wires ?? [];
    const now = () => performance.now();
    this.#planner = new FetchPlanner(
      { details, held: this.held, peers: wires, now },
      { byDefault: options.downloadAll, wishes: options.record.wishes },
    );
    this.#fetcher = new PieceFetcher({
      details,
      memory,
      wires,
      plan: () => this.#plan(),
      keep: (piece, bytes) => this.#keep(piece, bytes),
      onBadPeer: wire => this.#ban(wire),
      now,
    });
  }

  get held(): HeldPieces {
    return this.#payload.held;
  }

  get state(): EngineTorrentState {
    if (this.#error !== undefined) return 'error';
    if (!this.#payload.isChecked) return 'initializing';
    return this.#record.paused ? 'paused' : 'live';
  }

  get error(): string | undefined {
    return this.#error;
  }

  get metainfo(): Uint8Array {
    return this.#components.folder.readMetainfo();
  }

  /** Checks what is on disk and joins the swarm. Resolves when that is done, or has failed and is told in the state. */
  start(): Promise<void> {
    return this.#whileBusy(
      this.#guarded(async () => {
        await this.#components.checks.run(() => this.#check(), this.#ended.signal);
        this.#goOn();
      }),
    );
  }

  summary(): TorrentSummary {
    const stats = this.#member?.stats ?? noStats;
    return {
      infoHash: this.infoHash,
      name: this.#components.details.name,
      engineId: undefined,
      state: this.state,
      error: this.#error,
      totalBytes: this.#components.details.totalLength,
      progressBytes: this.#payload.progressBytes,
      wantsMore: this.#wantsMore,
      fetchedBytes: this.#fetcher.fetchedBytes,
      ...stats,
    };
  }

  /** See `Engine.holders`. */
  holders(pieces: readonly number[]): PieceHolders {
    return holdersOf(pieces, this.#member?.wires ?? []);
  }

  /** What a stream wants, in bytes of the torrent. */
  demand(id: number, { start, endExclusive, priority }: TorrentRange & { readonly priority: number }): void {
    const isNew = this.#planner.streams.set(id, {
      ...piecesOf(this.#components.details, start, endExclusive),
      priority,
    });
    this.#updateSoon();
    if (isNew) this.#redial(MIN_DIAL_INTERVAL_MS);
  }

  drop(id: number): void {
    if (this.#planner.streams.drop(id)) this.#updateSoon();
  }

  /** What is fetched when no stream wants anything, in place of what was told before. */
  fetchAhead(ranges: readonly TorrentRange[]): void {
    const { details } = this.#components;
    this.#planner.setAhead(ranges.map(({ start, endExclusive }) => piecesOf(details, start, endExclusive)));
    this.#updateSoon();
  }

  addPeers(peers: readonly string[]): void {
    const fresh = peers.filter(peer => !this.#peers.has(peer));
    if (fresh.length > 0) {
      for (const peer of fresh) this.#peers.add(peer);
      this.#save({ peers: [...this.#record.peers, ...fresh].slice(-REMEMBERED_PEERS) });
    }
    this.#member?.dial(peers);
  }

  async pause(): Promise<void> {
    if (this.#record.paused) return;
    this.#save({ paused: true });
    await this.#leave();
    this.#components.events.onState(this);
  }

  /** Also takes a torrent up again that had failed. */
  async resume(): Promise<void> {
    if (!this.#record.paused && this.#error === undefined) return;
    if (this.#record.paused) this.#save({ paused: false });
    const hadFailed = this.#error !== undefined;
    this.#error = undefined;
    if (this.#payload.isChecked) this.#goOn();
    else if (hadFailed) void this.start();
    else this.#components.events.onState(this);
  }

  /** See `Engine.setFileWishes`. */
  setFileWishes(wishes: FileWishes): void {
    this.#save({ wishes });
    this.#planner.setFileWishes(wishes);
    this.#fetcher.update();
  }

  /** Looks again at pieces whose bytes were not where they should be. */
  async recheck(first: number, end: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#whileBusy(this.#payload.recheck(first, end, AbortSignal.any([signal, this.#ended.signal])));
    } finally {
      this.#planner.reset();
      this.#fetcher.update();
    }
  }

  /** See {@link CheckedPayload.lookAt}. */
  lookAt(fileIndex: number): Promise<void> {
    return this.#payload.lookAt(fileIndex);
  }

  /** Once in a while: asks for what is overdue, dials again, tells how far the pieces are that streams wait for. */
  tick(): void {
    if (!this.#wantsMore) return;
    this.#fetcher.update();
    this.#redial(this.#member?.wires.length === 0 ? LONELY_DIAL_INTERVAL_MS : REDIAL_INTERVAL_MS);
    this.#tellProgress();
  }

  /** Resolves when nothing of it is at work any more, on the net or on the disk. */
  async end(): Promise<void> {
    this.#ended.abort(new EngineError('stopped', 'the torrent was stopped'));
    await this.#leave();
    await Promise.allSettled(this.#busy);
    this.#payload.close();
    this.#components.memory.leave(this);
  }

  #plan(): PiecePlan {
    const { memory } = this.#components;
    const isFetching = this.#error === undefined && !this.#record.paused;
    const plan = isFetching ? this.#planner.plan(memory.shareOf(this)) : noPieces;
    if (plan.pieces.length === 0) memory.leave(this);
    return plan;
  }

  #check(): Promise<void> {
    this.#components.events.onState(this);
    return this.#payload.check(() => this.#planner.streams.neededNext);
  }

  #goOn(): void {
    if (this.#ended.signal.aborted) return;
    if (this.state === 'live') this.#join();
    this.#components.events.onState(this);
  }

  #join(): void {
    const { details, infoBytes, swarm, trackers } = this.#components;
    if (details.pieceCount === 0) return; // only empty files: there is nothing to meet anybody for
    const content: SwarmContent = {
      details,
      infoBytes,
      held: this.held.toBitfield(),
      readBlock: (start, length) => this.#payload.read(start, length),
      fill: wire => this.#fetcher.fill(wire),
    };
    const onError = (error: EngineError) => this.#fail(error);
    if (this.#member !== undefined) this.#member.begin(content, onError);
    else {
      const events = { onInfo: () => {}, onError };
      const peers = [...this.#peers];
      this.#member = swarm.join({ infoHash: this.infoHash, trackers, peers, content, events });
    }
    this.#dialledAtMs = performance.now();
    this.#fetcher.update();
  }

  async #leave(): Promise<void> {
    const member = this.#member;
    this.#member = undefined;
    this.#fetcher.stop();
    await member?.leave();
  }

  /** Once a turn of the loop: hundreds of readers come and go together. */
  #updateSoon(): void {
    if (this.#isUpdateDue) return;
    this.#isUpdateDue = true;
    setImmediate(() => {
      this.#isUpdateDue = false;
      if (!this.#ended.signal.aborted) this.#fetcher.update();
    });
  }

  get #wantsMore(): boolean {
    return this.state === 'live' && this.#planner.wantsMore;
  }

  async #keep(piece: number, bytes: Uint8Array): Promise<void> {
    if (this.held.has(piece) || this.#ended.signal.aborted) return;
    const kept = this.#guarded(async () => {
      await this.#payload.keep(piece, bytes);
      this.#planner.streams.passTurn(piece);
      this.#member?.announce(piece);
      if (this.held.heldCount === this.held.pieceCount) this.#member?.announceComplete();
    });
    await this.#whileBusy(kept);
  }

  #ban(wire: { readonly destroyed: boolean }): void {
    const known = this.#member?.wires.find(other => other === wire);
    if (known !== undefined) this.#member?.ban(known);
  }

  async #whileBusy(work: Promise<void>): Promise<void> {
    this.#busy.add(work);
    try {
      await work;
    } finally {
      this.#busy.delete(work);
    }
  }

  /** Runs what may meet a failing disk; that ends the torrent's work until it is resumed, and nothing else. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#fail(diskError(error, 'resume the torrent'));
    }
  }

  #fail(error: EngineError): void {
    if (this.#error !== undefined) return;
    this.#error = error.message;
    void this.#leave();
    this.#components.events.onState(this);
  }

  #save(change: Partial<TorrentRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#components.folder.writeRecord(this.#record);
  }

  #redial(intervalMs: number): void {
    if (performance.now() - this.#dialledAtMs < intervalMs) return;
    this.#dialledAtMs = performance.now();
    this.#member?.redial();
  }

  #tellProgress(): void {
    for (const [id, progress] of this.#planner.streams.newProgress(piece => this.#fetcher.receivedOf(piece))) {
      this.#components.events.onProgress(this, id, progress);
    }
  }
}

const noStats = { peersConnected: 0, peersKnown: 0, downloadSpeed: 0, uploadSpeed: 0 };

/** webtorrent gives a peer up after 21 s in all; whoever waits for a read cannot wait for the next announce. */
const REDIAL_INTERVAL_MS = 10_000;
/** With no peer at all there is nothing else to do, and who is not there refuses at once. */
const LONELY_DIAL_INTERVAL_MS = 3_000;
/** A reader that begins to wait is reason enough to dial, but not each of a thousand. */
const MIN_DIAL_INTERVAL_MS = 2_000;
/** More are of no use, and a torrent may be added again and again. */
const REMEMBERED_PEERS = 100;
