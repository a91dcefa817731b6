import type { FileWishes } from '../engine.ts';
import type { TorrentDetails } from '../torrent.ts';
import { Availability, type HavingPeer } from './availability.ts';
import { type PieceDemand, type PiecePlan, planPieces } from './demand-plan.ts';
import type { HeldPieces } from './held-pieces.ts';
import { StreamDemands } from './stream-demands.ts';
import { WantedPieces } from './wanted-pieces.ts';

export interface FetchPlannerComponents {
  readonly details: TorrentDetails;
  readonly held: HeldPieces;
  /** Who is connected now. */
  readonly peers: () => readonly HavingPeer[];
  readonly now: () => number;
}

/** What is missing of one torrent and wanted: for the streams, ahead of them, or for itself; and what of it comes first. */
export class FetchPlanner {
  readonly streams: StreamDemands;
  readonly #components: FetchPlannerComponents;
  readonly #availability: Availability;
  readonly #wanted: WantedPieces;
  #ahead: readonly PieceDemand[] = [];

  /** @param wanted see {@link WantedPieces} */
  constructor(
    components: FetchPlannerComponents,
    wanted: { readonly byDefault: boolean; readonly wishes: FileWishes },
  ) {
    const { details, held, peers, now } = components;
    this.#components = components;
    this.streams = new StreamDemands(held);
    this.#availability = new Availability(details.pieceCount, peers, now);
    this.#wanted = new WantedPieces(details, wanted);
  }

  /** What is fetched when no stream wants anything, in place of what was set before. */
  setAhead(ahead: readonly PieceDemand[]): void {
    this.#ahead = ahead;
  }

  /** See `Engine.setFileWishes`. */
  setFileWishes(wishes: FileWishes): void {
    this.#wanted.set(wishes);
  }

  /** Pieces may be missing that were held. */
  reset(): void {
    this.#wanted.reset();
  }

  /** Whether anything is missing that is wanted. */
  get wantsMore(): boolean {
    const ranges = [...this.streams.inTurn, ...this.#ahead, ...this.#wanted.missing(this.#isHeld)];
    return ranges.some(({ first, end }) => this.#components.held.nextMissing(first, end) < end);
  }

  /** @param mostBytes that may be on their way */
  plan(mostBytes: number): PiecePlan {
    const { details, held, peers } = this.#components;
    const available = peers().length > 0 ? this.#availability.look() : undefined;
    return planPieces({
      demands: this.streams.inTurn,
      ahead: this.#ahead,
      nextMissing: (from, end) => held.nextMissing(from, end),
      nextAvailable: available && ((from, end) => held.nextMissing(from, end, available)),
      limit: Math.max(MIN_PLANNED_PIECES, Math.ceil(mostBytes / details.pieceLength)),
      wanted: this.#wanted.missing(this.#isHeld),
    });
  }

  readonly #isHeld = (piece: number): boolean => this.#components.held.has(piece);
}

/** One is written while the next one comes in, however large they are. */
const MIN_PLANNED_PIECES = 2;
