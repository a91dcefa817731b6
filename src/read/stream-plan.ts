import { partitionPoint } from '../util/partition-point.ts';
import type { ByteRange } from './byte-ranges.ts';
import type { FileLayout } from './file-layout.ts';

/** An engine stream of a file, as the plan sees it. */
export interface PlannedStream {
  /** The next byte that it will deliver. */
  readonly position: number;
  readonly end: number;
  /** It has waited for a while without a byte. */
  readonly stalled: boolean;
}

/** Bytes that are missing, all of them. */
export interface Want extends ByteRange {
  /** Somebody waits for them; else they are read ahead. */
  readonly urgent: boolean;
}

export interface PlanInput<Stream extends PlannedStream> {
  readonly layout: FileLayout;
  readonly streams: readonly Stream[];
  /** What somebody waits for first, in the order in which they came. */
  readonly wants: readonly Want[];
  /** Whether the engine holds the piece. */
  readonly isHeld: (piece: number) => boolean;
  /** Whether it can be read from a file of this machine. */
  readonly isLocal: (piece: number) => boolean;
}

export interface StreamPlan<Stream> {
  /** Streams that are wanted, and up to where. Those that are not listed are not. */
  readonly keep: ReadonlyMap<Stream, number>;
  readonly open: readonly { readonly start: number; readonly end: number }[];
  /** What comes from local files, in the order of the wants: whoever asks for the lowest bytes must not go first for ever. */
  readonly local: readonly ByteRange[];
}

/**
 * So much may stream by before the bytes that are wanted, and so much that is here already is fetched again rather than that a
 * stream ends before it and another begins behind it: opening one costs about as much.
 */
const JOIN_BYTES = 1 << 20;

/**
 * Decides where missing bytes come from. Pure. Each want joins a stream that will soon be there, or goes to the local file where
 * the pieces are held, or extends a stream, or opens one. A read is never put behind a piece that it does not span, unless that
 * piece is held, or its own is missing too and the stream in front of it is moving. What is read ahead may wait behind a piece that
 * does not come, but only while somebody wants that piece.
 */
export function planStreams<Stream extends PlannedStream>(input: PlanInput<Stream>): StreamPlan<Stream> {
  const planner = new Planner(input);
  for (const want of [...input.wants].sort((a, b) => a.from - b.from)) planner.place(want);
  return planner.result();
}

interface Lane<Stream> {
  /** Undefined for one to be opened. */
  readonly stream: Stream | undefined;
  readonly opened: number;
  /** How far it is going anyway. */
  reach: number;
  /** How far it is wanted. */
  target: number | undefined;
}

class Planner<Stream extends PlannedStream> {
  readonly #input: PlanInput<Stream>;
  /** In the order of where they begin. */
  readonly #lanes: Lane<Stream>[];
  readonly #local: { readonly range: ByteRange; readonly want: Want }[] = [];

  constructor(input: PlanInput<Stream>) {
    this.#input = input;
    this.#lanes = input.streams
      .map(stream => ({ stream, opened: stream.position, reach: stream.end, target: undefined }))
      .sort((a, b) => a.opened - b.opened);
  }

  place(want: Want): void {
    for (let at = want.from; at < want.to; ) at = this.#placeFrom(at, want);
  }

  result(): StreamPlan<Stream> {
    const keep = new Map<Stream, number>();
    const open: { start: number; end: number }[] = [];
    for (const { stream, opened, target } of this.#lanes) {
      if (target === undefined) continue;
      if (stream === undefined) open.push({ start: opened, end: target });
      else keep.set(stream, target);
    }
    return { keep, open, local: this.#localInTurn() };
  }

  /** @returns up to where the want is placed now */
  #placeFrom(at: number, want: Want): number {
    const lane = this.#laneFor(at, want.urgent);
    if (lane !== undefined && lane.reach > at) return this.#ride(lane, Math.min(want.to, lane.reach));
    const localEnd = this.#localEnd(at, want.to);
    if (localEnd > at) {
      this.#local.push({ range: { from: at, to: localEnd }, want });
      return localEnd;
    }
    if (lane !== undefined) return this.#ride(lane, want.to);
    const fresh = { stream: undefined, opened: at, reach: want.to, target: want.to };
    this.#lanes.splice(this.#countUpTo(at), 0, fresh);
    return want.to;
  }

  #localInTurn(): ByteRange[] {
    if (this.#local.length === 0) return [];
    const turns = new Map(this.#input.wants.map((want, turn) => [want, turn]));
    const turnOf = ({ want }: { readonly want: Want }): number => turns.get(want) ?? 0;
    return this.#local.sort((a, b) => turnOf(a) - turnOf(b)).map(({ range }) => range);
  }

  #ride(lane: Lane<Stream>, to: number): number {
    lane.reach = Math.max(lane.reach, to);
    lane.target = Math.max(lane.target ?? 0, to);
    return to;
  }

  /** The lane that is nearest in front of the byte and may be joined there. */
  #laneFor(at: number, urgent: boolean): Lane<Stream> | undefined {
    const { layout } = this.#input;
    const first = urgent ? Math.min(at - JOIN_BYTES, layout.pieceStart(layout.pieceAt(at))) : 0;
    for (let index = this.#countUpTo(at) - 1; index >= 0; index--) {
      const lane = this.#lanes[index];
      if (lane === undefined || lane.opened < first) return undefined;
      if (lane.reach + JOIN_BYTES < at) continue;
      if (urgent ? this.#isSoonAt(lane, at) : !this.#isStuckInFront(lane, at)) return lane;
    }
    return undefined;
  }

  /** How many lanes begin at the byte or in front of it. */
  #countUpTo(at: number): number {
    return partitionPoint(this.#lanes, lane => lane.opened <= at);
  }

  /** It waits for a piece in front of the byte that nobody wants any more: who did has gone on without it. Wants are placed in order. */
  #isStuckInFront({ stream, opened, target }: Lane<Stream>, at: number): boolean {
    const { layout } = this.#input;
    return stream?.stalled === true && target === undefined && layout.pieceAt(opened) !== layout.pieceAt(at);
  }

  #isSoonAt(lane: Lane<Stream>, at: number): boolean {
    const { layout, isHeld } = this.#input;
    if (lane.opened === at) return true;
    const piece = layout.pieceAt(at);
    if (layout.pieceAt(lane.opened) === piece) return true;
    if (at - lane.opened > JOIN_BYTES) return false;
    if (layout.everyPiece(lane.opened, layout.pieceStart(piece), isHeld)) return true;
    return !isHeld(piece) && !(lane.stream?.stalled ?? false);
  }

  /** Up to where the pieces from `at` on can be read locally. */
  #localEnd(at: number, to: number): number {
    const { layout, isLocal } = this.#input;
    let end = at;
    while (end < to && isLocal(layout.pieceAt(end))) end = layout.pieceEnd(layout.pieceAt(end));
    return Math.min(end, to);
  }
}
