import { neededNext, type StreamDemand } from './demand-plan.ts';
import type { HeldPieces } from './held-pieces.ts';
import type { PieceProgress } from './thread-messages.ts';

/** What the open streams want of one torrent, by the numbers of their demands. */
export class StreamDemands {
  readonly #held: HeldPieces;
  /** In the order in which they have their turn. */
  readonly #demands = new Map<number, StreamDemand>();
  /** What was last told of each one's progress. */
  readonly #told = new Map<number, PieceProgress>();

  constructor(held: HeldPieces) {
    this.#held = held;
  }

  get inTurn(): readonly StreamDemand[] {
    return [...this.#demands.values()];
  }

  /** See {@link neededNext}. */
  get neededNext(): readonly number[] {
    return neededNext(this.inTurn, (from, end) => this.#held.nextMissing(from, end));
  }

  /** @returns whether the stream wanted nothing before */
  set(id: number, demand: StreamDemand): boolean {
    const isNew = !this.#demands.has(id);
    this.#demands.set(id, demand);
    return isNew;
  }

  /** @returns whether it wanted anything */
  drop(id: number): boolean {
    this.#told.delete(id);
    return this.#demands.delete(id);
  }

  /** Streams that needed the piece next go behind the others: of large pieces, a few fill the plan. */
  passTurn(piece: number): void {
    for (const [id, demand] of [...this.#demands]) {
      const { first, end } = demand;
      if (piece < first || piece >= end || this.#held.nextMissing(first, piece) < piece) continue;
      this.#demands.delete(id);
      this.#demands.set(id, demand);
    }
  }

  /**
   * How far the piece is that each needs next, where that is not what was said the last time.
   *
   * @param receivedOf bytes of a piece that came in and are not checked yet
   */
  *newProgress(receivedOf: (piece: number) => number): Generator<[number, PieceProgress]> {
    for (const [id, { first, end }] of this.#demands) {
      const piece = this.#held.nextMissing(first, end);
      const uncheckedBytes = piece < end ? receivedOf(piece) : 0;
      const told = this.#told.get(id);
      if (told?.piece === piece && told.uncheckedBytes === uncheckedBytes) continue;
      const progress = { piece, uncheckedBytes };
      this.#told.set(id, progress);
      yield [id, progress];
    }
  }
}
