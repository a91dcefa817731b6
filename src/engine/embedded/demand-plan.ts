/** What an open stream wants of a torrent, in pieces: `[first, end)`. */
export interface PieceDemand {
  readonly first: number;
  readonly end: number;
}

/**
 * The missing pieces in the order in which they are fetched: first what each stream needs next, then the rest of the streams'
 * windows, a piece of each in turn, then what is only fetched ahead, then what is wanted although nobody reads it. At most `limit` pieces. Demands come in order of age, and no piece is in the plan twice.
 */
export function planPieces(wanted: {
  readonly demands: readonly PieceDemand[];
  /** Without a stream, in order. */
  readonly ahead: readonly PieceDemand[];
  readonly isMissing: (piece: number) => boolean;
  readonly limit: number;
  /** What is downloaded although nobody reads it, in order. */
  readonly wanted: readonly PieceDemand[];
}): PiecePlan {
  const plan: number[] = [];
  const planned = new Set<number>();
  const take = (piece: number) => {
    plan.push(piece);
    planned.add(piece);
  };
  let cursors = wanted.demands.map(demand => firstMissing(demand, wanted.isMissing));
  for (const { next, end } of cursors) {
    if (next < end && !planned.has(next) && plan.length < wanted.limit) take(next);
  }
  const urgentCount = plan.length;
  const isOpen = (piece: number) => !planned.has(piece) && wanted.isMissing(piece);
  while (cursors.length > 0 && plan.length < wanted.limit) {
    for (const cursor of cursors) {
      while (cursor.next < cursor.end && !isOpen(cursor.next)) cursor.next++;
      if (cursor.next < cursor.end && plan.length < wanted.limit) take(cursor.next++);
    }
    cursors = cursors.filter(cursor => cursor.next < cursor.end);
  }
  for (const { first, end } of [...wanted.ahead, ...wanted.wanted]) {
    for (let piece = first; piece < end && plan.length < wanted.limit; piece++) if (isOpen(piece)) take(piece);
  }
  return { pieces: plan, urgentCount };
}

export interface PiecePlan {
  readonly pieces: readonly number[];
  /** How many at the front are what a stream needs next. */
  readonly urgentCount: number;
}

function firstMissing(demand: PieceDemand, isMissing: (piece: number) => boolean): { next: number; end: number } {
  let next = demand.first;
  while (next < demand.end && !isMissing(next)) next++;
  return { next, end: demand.end };
}
