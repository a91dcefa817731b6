import { createHash } from 'node:crypto';
import { pieceSize } from '../payload-layout.ts';
import type { TorrentDetails } from '../torrent.ts';
import { noPieces, type PiecePlan } from './demand-plan.ts';
import { PeerPace } from './peer-pace.ts';
import { BLOCK_BYTES, PieceAssembly } from './piece-assembly.ts';
import type { PieceMemory } from './piece-memory.ts';
import type { Wire } from './webtorrent.js';

/** What the fetcher uses of a connection. */
export type FetchWire = Pick<
  Wire,
  | 'destroyed'
  | 'peerChoking'
  | 'hasFast'
  | 'peerAllowedFastSet'
  | 'peerPieces'
  | 'requests'
  | 'peerExtendedHandshake'
  | 'downloaded'
  | 'request'
  | 'cancel'
  | 'destroy'
>;

export interface FetcherComponents {
  readonly details: TorrentDetails;
  readonly memory: PieceMemory;
  /** Every connection there is now. */
  readonly wires: () => readonly FetchWire[];
  /** What to fetch now; asked anew after every change. Pieces that are kept are not in it. */
  readonly plan: () => PiecePlan;
  /** Takes a piece whose hash is right; it is in the plan until this resolves. */
  readonly keep: (piece: number, bytes: Uint8Array) => Promise<void>;
  /** The peer sent bytes that are not the torrent's. */
  readonly onBadPeer: (wire: FetchWire) => void;
  readonly now: () => number;
}

/**
 * Turns the plan into requests for blocks, in place of webtorrent's own picker, which asks for the end of a selection first,
 * cannot withdraw what nobody wants any more, and lets one slow peer hold a piece for half a minute.
 *
 * Peers get blocks in the order of the plan, so all of them work on the piece that is wanted most; and each on the side on the
 * one that was passed over, so that priority lets nobody starve. What is urgent and late is asked of a second peer; whoever comes
 * first is taken and the other is called off. A piece with a wrong hash is fetched again from one peer only, so that the next
 * failure names the culprit.
 *
 * A peer may lose requests: webtorrent's own code answers neither of two for the same block when the first is withdrawn while
 * it reads the block. So a peer that owes blocks and brings none for a while is asked for them anew, after the others were; and
 * one that never does is let go, since whatever it holds up nobody else may bring.
 */
export class PieceFetcher {
  readonly #components: FetcherComponents;
  readonly #assemblies = new Map<number, PieceAssembly<FetchWire>>();
  /** Complete, and being hashed or written. */
  readonly #finishing = new Set<number>();
  /** Pieces that came wrong from several peers, and the one peer that may bring each now. */
  readonly #single = new Map<number, FetchWire | undefined>();
  readonly #paces = new WeakMap<FetchWire, PeerPace>();
  #plan: PiecePlan = noPieces;
  #fetchedBytes = 0;

  constructor(components: FetcherComponents) {
    this.#components = components;
  }

  /** Payload bytes that arrived, wasted ones included. */
  get fetchedBytes(): number {
    return this.#fetchedBytes;
  }

  /** Bytes of a piece that are here and not checked yet. */
  receivedOf(piece: number): number {
    return this.#assemblies.get(piece)?.receivedBytes ?? 0;
  }

  /** The plan may have changed: withdraws what is in it no longer and asks for what is new. */
  update(): void {
    this.#plan = this.#components.plan();
    this.#withdrawUnplanned();
    const wires = [...this.#components.wires()];
    const silent = wires.filter(wire => this.#withdrawUnanswered(wire));
    for (const wire of wires) if (!silent.includes(wire)) this.fill(wire);
    for (const wire of silent) this.fill(wire);
  }

  /** Asks the peer for as much as it can take. */
  fill(wire: FetchWire): void {
    if (wire.destroyed) return;
    const depth = queueDepth(wire, this.#paces.get(wire));
    if (wire.requests.length > depth / 2) return; // fill in batches: each scan of the plan pays for many requests
    this.#askPassedOver(wire, depth);
    for (const [index, piece] of this.#plan.pieces.entries()) {
      if (wire.requests.length >= depth) return;
      if (!this.#mayAsk(wire, piece)) continue;
      const assembly = this.#assembly(piece);
      if (!this.#askFree(wire, assembly, depth)) return;
      if (index < this.#plan.urgentCount) this.#askOverdue(wire, assembly);
    }
  }

  /** Withdraws everything and forgets what is half here. */
  stop(): void {
    this.#plan = noPieces;
    this.#withdrawUnplanned();
    for (const piece of [...this.#assemblies.keys()]) this.#forget(piece);
  }

  /** Up to its share of what the peer may owe. */
  #askPassedOver(wire: FetchWire, depth: number): void {
    const { passedOver } = this.#plan;
    if (passedOver === undefined || !this.#mayAsk(wire, passedOver)) return;
    const others = wire.requests.filter(({ piece }) => piece !== passedOver).length;
    this.#askFree(wire, this.#assembly(passedOver), others + Math.floor(depth * PASSED_OVER_SHARE));
  }

  /** Asks for blocks that nobody was asked for until the peer owes so many. @returns false when it takes no more now */
  #askFree(wire: FetchWire, assembly: PieceAssembly<FetchWire>, depth: number): boolean {
    for (let block = assembly.freeBlock(); block !== undefined; block = assembly.freeBlock()) {
      if (wire.requests.length >= depth || !this.#ask(wire, assembly, block)) return false;
    }
    return true;
  }

  #mayAsk(wire: FetchWire, piece: number): boolean {
    if (this.#finishing.has(piece) || !wire.peerPieces.get(piece)) return false;
    if (wire.peerChoking && !(wire.hasFast && wire.peerAllowedFastSet.includes(piece))) return false;
    return !this.#single.has(piece) || this.#maySingly(wire, piece);
  }

  /** Of a piece that came wrong from several; the one who may bring it has another after it when it does not. */
  #maySingly(wire: FetchWire, piece: number): boolean {
    const only = this.#single.get(piece);
    if (only === wire) return true;
    const mayBring = only !== undefined && !only.destroyed && !only.peerChoking;
    if (mayBring && (!this.#isSilent(only) || this.#isSilent(wire))) return false;
    this.#single.set(piece, wire);
    this.#forget(piece); // what another brought would hide whose fault the next failure is
    return true;
  }

  #isSilent(wire: FetchWire): boolean {
    return this.#paces.get(wire)?.isSilent ?? false;
  }

  #assembly(piece: number): PieceAssembly<FetchWire> {
    const known = this.#assemblies.get(piece);
    if (known !== undefined) return known;
    const bytes = this.#components.memory.take(pieceSize(this.#components.details, piece));
    const assembly = new PieceAssembly<FetchWire>(piece, bytes);
    this.#assemblies.set(piece, assembly);
    return assembly;
  }

  #askOverdue(wire: FetchWire, assembly: PieceAssembly<FetchWire>): void {
    if (this.#single.has(assembly.piece)) return;
    const block = assembly.overdueBlock(wire, this.#components.now() - OVERDUE_MS);
    if (block !== undefined) this.#ask(wire, assembly, block);
  }

  /** @returns false when the connection would not take it */
  #ask(wire: FetchWire, assembly: PieceAssembly<FetchWire>, block: number): boolean {
    let isRefused = false;
    const atMs = this.#components.now();
    const pace = this.#paceOf(wire, atMs);
    if (wire.requests.length === 0) pace.asked(atMs);
    assembly.requested(block, { peer: wire, atMs });
    wire.request(assembly.piece, block * BLOCK_BYTES, assembly.sizeOf(block), (error, bytes) => {
      if (bytes === null || error !== null) {
        isRefused = true;
        assembly.released(block, wire);
      } else {
        this.#fetchedBytes += bytes.length;
        pace.arrived(bytes.length, this.#components.now());
        this.#receive(wire, assembly, { block, bytes });
      }
    });
    return !isRefused;
  }

  #paceOf(wire: FetchWire, nowMs: number): PeerPace {
    const known = this.#paces.get(wire);
    if (known !== undefined) return known;
    const pace = new PeerPace(nowMs);
    this.#paces.set(wire, pace);
    return pace;
  }

  #receive(wire: FetchWire, assembly: PieceAssembly<FetchWire>, arrived: { block: number; bytes: Uint8Array }): void {
    if (this.#assemblies.get(assembly.piece) !== assembly) return; // nobody wants it any more
    for (const other of assembly.received(arrived.block, arrived.bytes, wire)) {
      other.cancel(assembly.piece, arrived.block * BLOCK_BYTES, assembly.sizeOf(arrived.block));
    }
    if (assembly.isComplete) void this.#finish(assembly);
    this.fill(wire);
  }

  async #finish(assembly: PieceAssembly<FetchWire>): Promise<void> {
    const { piece, bytes } = assembly;
    this.#assemblies.delete(piece);
    this.#finishing.add(piece);
    try {
      if (this.#isRight(piece, bytes)) {
        this.#single.delete(piece);
        await this.#components.keep(piece, bytes);
      } else {
        this.#blame(assembly);
      }
    } finally {
      this.#finishing.delete(piece);
      this.#components.memory.giveBack(bytes);
    }
    this.update();
  }

  /** On this thread: another would need a copy, which costs it most of what the hash does. */
  #isRight(piece: number, bytes: Uint8Array): boolean {
    const hash = createHash('sha1').update(bytes).digest();
    return hash.equals(this.#components.details.pieceHashes.subarray(piece * 20, piece * 20 + 20));
  }

  #blame(assembly: PieceAssembly<FetchWire>): void {
    const [only, another] = assembly.sources;
    if (only !== undefined && another === undefined) this.#components.onBadPeer(only);
    this.#single.set(assembly.piece, undefined);
  }

  #withdrawUnplanned(): void {
    const planned = new Set(this.#plan.pieces);
    const isUnplanned = (piece: number) => !planned.has(piece) && !this.#finishing.has(piece);
    for (const wire of this.#components.wires()) {
      const unplanned = wire.requests.filter(request => isUnplanned(request.piece));
      for (const { piece, offset, length } of unplanned) wire.cancel(piece, offset, length);
    }
    for (const [piece, assembly] of [...this.#assemblies]) {
      if (!isUnplanned(piece)) this.#components.memory.release(assembly);
      else if (assembly.receivedBytes === 0) this.#forget(piece);
      else this.#components.memory.keep(assembly, () => this.#forget(piece));
    }
  }

  /** What is withdrawn is free to be asked for again, of this peer or another. @returns whether anything was */
  #withdrawUnanswered(wire: FetchWire): boolean {
    const pace = this.#paces.get(wire);
    if (pace === undefined || wire.requests.length === 0) return false;
    if (pace.silentMs(this.#components.now()) < UNANSWERED_MS) return false;
    for (const { piece, offset, length } of [...wire.requests]) wire.cancel(piece, offset, length);
    // webtorrent's own limit of 30 s begins anew with each withdrawal.
    if (pace.withdrawn(wire.downloaded) >= MOST_UNANSWERED) wire.destroy();
    return true;
  }

  #forget(piece: number): void {
    const assembly = this.#assemblies.get(piece);
    if (assembly === undefined) return;
    this.#assemblies.delete(piece);
    this.#components.memory.release(assembly);
    this.#components.memory.giveBack(assembly.bytes);
  }
}

/** A peer that owes an urgent block for so long is asked no more than its neighbour. */
const OVERDUE_MS = 1500;
/** A peer that owes blocks and has brought none for so long has lost them, or sends less than 3 KiB/s. */
const UNANSWERED_MS = 5000;
/** So often in a row: half a minute without a block, as long as webtorrent's own patience is meant to be. */
const MOST_UNANSWERED = 6;
/** Enough that bytes come for who waits, little enough that who has priority hardly notices. */
const PASSED_OVER_SHARE = 1 / 8;
/** Before a peer's speed is known: 256 KiB, so that a far peer is not idle for most of its first round trips. */
const FIRST_DEPTH = 16;
/** A peer has work for so long: more than any round trip, and little for an urgent piece to queue behind. */
const QUEUE_SECONDS = 0.75;
/** What a peer takes that does not say (BEP 10 `reqq`; libtorrent's and Transmission's default is 500). */
const DEFAULT_REQQ = 250;
/** 16 MiB; beyond, a queue costs more to search than it gains. */
const DEEPEST = 1024;

function queueDepth(wire: FetchWire, pace: PeerPace | undefined): number {
  const { reqq } = wire.peerExtendedHandshake;
  const takes = typeof reqq === 'number' && reqq > 0 ? reqq : DEFAULT_REQQ;
  const depth = FIRST_DEPTH + Math.ceil(((pace?.bytesPerSecond ?? 0) * QUEUE_SECONDS) / BLOCK_BYTES);
  return Math.max(1, Math.min(depth, takes, DEEPEST));
}
