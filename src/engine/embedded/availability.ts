/** What tells which pieces a peer has. */
interface HavingPeer {
  readonly peerPieces: { get(piece: number): boolean };
}

/** A plan looks at thousands of pieces, and is made anew for each that arrives. */
const KEPT_MS = 1000;

/** Which pieces some connected peer has. An answer may be a second old. */
export class Availability {
  readonly #peers: () => readonly HavingPeer[];
  readonly #now: () => number;
  /** By piece: 0 not looked, 1 somebody has it, 2 nobody has. */
  readonly #known: Uint8Array;
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(pieceCount: number, peers: () => readonly HavingPeer[], now: () => number) {
    this.#peers = peers;
    this.#now = now;
    this.#known = new Uint8Array(pieceCount);
  }

  has(piece: number): boolean {
    if (this.#now() - this.#sinceMs >= KEPT_MS) {
      this.#sinceMs = this.#now();
      this.#known.fill(0);
    }
    const known = this.#known[piece];
    if (known !== 0) return known === 1;
    const isHad = this.#peers().some(({ peerPieces }) => peerPieces.get(piece));
    this.#known[piece] = isHad ? 1 : 2;
    return isHad;
  }
}
