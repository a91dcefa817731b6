/** What an open stream wants of a torrent, in pieces: `[first, end)`. */
export interface PieceDemand {
  readonly first: number;
  readonly end: number;
}

export interface StreamDemand extends PieceDemand {
  /** See `StreamOptions.priority`. */
  readonly priority: number;
}

/**
 * The missing pieces in the order in which they are fetched: first what each stream needs next, those of a higher priority before
 * the others, so that none comes to a stop; then the rest of the streams' windows, one priority after the other, a piece of each
 * in turn; then what is only fetched ahead, then what is wanted although nobody reads it. At most `limit`
 * pieces that some peer has, and as many that nobody has: those cost nothing as long as nobody has them, and must not take the
 * place of the others. Beside them, {@link PiecePlan.passedOver}: a few streams of a high priority could fill the plan for as
 * long as they are read. Demands come in the order in which they have their turn, and no piece is in the plan twice.
 */
export function planPieces({ demands, ahead, wanted, ...rules }: PlanInput): PiecePlan {
  const plan = new GrowingPlan(rules);
  const inTurn = demands.map(demand => cursorAt(demand, rules.nextMissing));
  const cursors = byPriority(inTurn);
  const passedOver = findPassedOver(inTurn, cursors, rules);
  for (const { next, end } of cursors) if (next < end) plan.add(next);
  if (passedOver !== undefined) plan.addAlways(passedOver);
  const urgentCount = plan.pieces.length;
  for (const priority of new Set(cursors.map(cursor => cursor.priority))) {
    let equals = cursors.filter(cursor => cursor.priority === priority);
    while (equals.length > 0 && !plan.isFull) {
      for (const cursor of equals) plan.addOneOf(cursor);
      equals = equals.filter(cursor => cursor.next < cursor.end);
    }
  }
  for (const { first, end } of [...ahead, ...wanted]) plan.addAllOf({ next: first, end });
  return { pieces: plan.pieces, urgentCount, passedOver };
}

/** What each stream needs next, of a higher priority before the others; that of those which need the same, more than once. */
export function neededNext(demands: readonly StreamDemand[], nextMissing: FindPiece): number[] {
  return byPriority(demands.map(demand => cursorAt(demand, nextMissing)))
    .filter(({ next, end }) => next < end)
    .map(({ next }) => next);
}

/** The first such piece of `[from, end)`; `end` when there is none. */
type FindPiece = (from: number, end: number) => number;

interface PlanRules {
  readonly nextMissing: FindPiece;
  /** The same, of the pieces that some peer has; undefined when there is no peer, and no use in looking for what one has. */
  readonly nextAvailable: FindPiece | undefined;
  readonly limit: number;
}

export interface PlanInput extends PlanRules {
  readonly demands: readonly StreamDemand[];
  /** Without a stream, in order. */
  readonly ahead: readonly PieceDemand[];
  /** What is downloaded although nobody reads it, in order. */
  readonly wanted: readonly PieceDemand[];
}

class GrowingPlan {
  readonly pieces: number[] = [];
  readonly #planned = new Set<number>();
  readonly #rules: PlanRules;
  #available = 0;

  constructor(rules: PlanRules) {
    this.#rules = rules;
  }

  get isFull(): boolean {
    const { nextAvailable, limit } = this.#rules;
    return (nextAvailable === undefined ? this.pieces.length : this.#available) >= limit;
  }

  /** Adds the pieces that can be added. */
  addAllOf(cursor: { next: number; readonly end: number }): void {
    while (cursor.next < cursor.end && !this.isFull) this.addOneOf(cursor);
  }

  /** Adds the next piece that can be added, and moves the cursor past it. */
  addOneOf(cursor: { next: number; readonly end: number }): void {
    for (let isAdded = false; !isAdded && cursor.next < cursor.end && !this.isFull; cursor.next++) {
      cursor.next = this.#next(cursor.next, cursor.end);
      isAdded = cursor.next < cursor.end && this.add(cursor.next);
    }
  }

  /** @returns whether the piece, which is missing, is in the plan now and was not before */
  add(piece: number): boolean {
    if (this.#planned.has(piece)) return false;
    const isHad = isAvailable(piece, this.#rules);
    if (isHad ? this.#available >= this.#rules.limit : !this.#takesUnavailable) return false;
    this.#push(piece, isHad);
    return true;
  }

  /** A missing piece that some peer has, whatever the limit. */
  addAlways(piece: number): void {
    if (!this.#planned.has(piece)) this.#push(piece, true);
  }

  get #takesUnavailable(): boolean {
    return this.pieces.length - this.#available < this.#rules.limit;
  }

  /** Where nobody has most of a torrent, thousands of pieces are passed over. */
  #next(from: number, end: number): number {
    const { nextMissing, nextAvailable = nextMissing } = this.#rules;
    return this.#takesUnavailable ? nextMissing(from, end) : nextAvailable(from, end);
  }

  #push(piece: number, isHad: boolean): void {
    if (isHad) this.#available++;
    this.#planned.add(piece);
    this.pieces.push(piece);
  }
}

export interface PiecePlan {
  readonly pieces: readonly number[];
  /** How many at the front are what a stream needs next. */
  readonly urgentCount: number;
  /**
   * What that stream needs next whose last turn was longest ago, of those that some peer can help; when only the priority of
   * others keeps it from being the first. Part of what every peer is asked for is kept for it.
   */
  readonly passedOver?: number | undefined;
}

export const noPieces: PiecePlan = { pieces: [], urgentCount: 0 };

interface Cursor {
  next: number;
  readonly end: number;
  readonly priority: number;
}

/** In turn within a priority. */
function byPriority(inTurn: readonly Cursor[]): Cursor[] {
  return inTurn.toSorted((one, other) => other.priority - one.priority);
}

function findPassedOver(inTurn: readonly Cursor[], ranked: readonly Cursor[], rules: PlanRules): number | undefined {
  const canCome = ({ next, end }: Cursor): boolean => next < end && isAvailable(next, rules);
  const longestWaiting = inTurn.find(canCome);
  return longestWaiting === ranked.find(canCome) ? undefined : longestWaiting?.next;
}

function isAvailable(piece: number, { nextAvailable }: PlanRules): boolean {
  return nextAvailable?.(piece, piece + 1) === piece;
}

function cursorAt({ first, end, priority }: StreamDemand, nextMissing: FindPiece): Cursor {
  return { next: nextMissing(first, end), end, priority };
}
