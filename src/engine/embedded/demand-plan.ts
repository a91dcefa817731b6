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
  const inTurn = demands.map(demand => firstMissing(demand, rules.isMissing));
  const cursors = byPriority(inTurn);
  const passedOver = findPassedOver(inTurn, cursors, rules.isAvailable);
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
  for (const { first, end } of [...ahead, ...wanted]) {
    for (let piece = first; piece < end && !plan.isFull; piece++) plan.add(piece);
  }
  return { pieces: plan.pieces, urgentCount, passedOver };
}

/** What each stream needs next, of a higher priority before the others; that of those which need the same, more than once. */
export function neededNext(demands: readonly StreamDemand[], isMissing: (piece: number) => boolean): number[] {
  return byPriority(demands.map(demand => firstMissing(demand, isMissing)))
    .filter(({ next, end }) => next < end)
    .map(({ next }) => next);
}

interface PlanRules {
  readonly isMissing: (piece: number) => boolean;
  /** Whether some peer has it; undefined when there is no peer, and no use in looking for what one has. */
  readonly isAvailable: ((piece: number) => boolean) | undefined;
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
    const { isAvailable, limit } = this.#rules;
    return (isAvailable === undefined ? this.pieces.length : this.#available) >= limit;
  }

  /** Adds the next piece that can be added, and moves the cursor past it. */
  addOneOf(cursor: { next: number; readonly end: number }): void {
    for (let isAdded = false; !isAdded && cursor.next < cursor.end && !this.isFull; ) isAdded = this.add(cursor.next++);
  }

  /** @returns whether the piece is in the plan now and was not before */
  add(piece: number): boolean {
    const { isMissing, isAvailable, limit } = this.#rules;
    if (this.#planned.has(piece) || !isMissing(piece)) return false;
    const isHad = isAvailable?.(piece) ?? false;
    if ((isHad ? this.#available : this.pieces.length - this.#available) >= limit) return false;
    if (isHad) this.#available++;
    this.#push(piece);
    return true;
  }

  /** A missing piece, whatever the limit. */
  addAlways(piece: number): void {
    if (!this.#planned.has(piece)) this.#push(piece);
  }

  #push(piece: number): void {
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

function findPassedOver(
  inTurn: readonly Cursor[],
  ranked: readonly Cursor[],
  isAvailable: PlanRules['isAvailable'] = () => false,
): number | undefined {
  const canCome = ({ next, end }: Cursor): boolean => next < end && isAvailable(next);
  const longestWaiting = inTurn.find(canCome);
  return longestWaiting === ranked.find(canCome) ? undefined : longestWaiting?.next;
}

function firstMissing({ first, end, priority }: StreamDemand, isMissing: (piece: number) => boolean): Cursor {
  let next = first;
  while (next < end && !isMissing(next)) next++;
  return { next, end, priority };
}
