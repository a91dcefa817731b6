/**
 * The pieces of a file, to be asked again and again whether all of them are held. It begins where one was missing the last
 * time: while that one still is, no other is looked at.
 */
export class PieceSpan {
  readonly #first: number;
  readonly #end: number;
  #next: number;

  constructor({ first, end }: { readonly first: number; readonly end: number }) {
    this.#first = first;
    this.#end = end;
    this.#next = first;
  }

  isWhole(isHeld: (piece: number) => boolean): boolean {
    for (let left = this.#end - this.#first; left > 0; left--) {
      if (!isHeld(this.#next)) return false;
      this.#next = this.#next + 1 < this.#end ? this.#next + 1 : this.#first;
    }
    return true;
  }
}
