/**
 * Looks at pieces again, for several who ask for that at once: what one of them looks at is looked at for all who had asked by
 * then. So a whole file that many doubt is hashed once, and not by each.
 */
export class SecondLooks {
  readonly #look: (piece: number) => Promise<void>;
  /** By piece, with how many had asked when it began. */
  readonly #looks = new Map<number, { readonly asked: number; readonly over: Promise<void> }>();
  #asked = 0;
  #underWay = 0;

  constructor(look: (piece: number) => Promise<void>) {
    this.#look = look;
  }

  /**
   * Resolves when each of the pieces `[first, end)` has been looked at since the call. Rejects with what a look at one of them
   * rejects with, and with the signal's reason, once the look that goes on is over.
   */
  async at(first: number, end: number, signal: AbortSignal): Promise<void> {
    const turn = ++this.#asked;
    this.#underWay++;
    try {
      for (let piece = first; piece < end; piece++) {
        signal.throwIfAborted();
        await this.#lookSince(turn, piece);
      }
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#looks.clear();
    }
  }

  #lookSince(turn: number, piece: number): Promise<void> {
    const last = this.#looks.get(piece);
    if (last !== undefined && last.asked >= turn) return last.over;
    const over = this.#look(piece);
    this.#looks.set(piece, { asked: this.#asked, over });
    return over;
  }
}
