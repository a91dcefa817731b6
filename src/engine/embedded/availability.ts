/** What tells which pieces a peer has. */
export interface HavingPeer {
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

  /** To be asked for each of many pieces, now: what is a second old is forgotten at the next call only. */
  look(): (piece: number) => boolean {
    const nowMs = this.#now();
    if (nowMs - this.#sinceMs >= KEPT_MS) {
      this.#sinceMs = nowMs;
      this.#known.fill(0);
    }
    return this.#has;
  }

  readonly #has = (piece: number): boolean => {
    const known = this.#known[piece];
    if (known !== 0) return known === 1;
    const isHad = this.#peers().some(({ peerPieces }) => peerPieces.get(piece));
    this.#known[piece] = isHad ? 1 : 2;
    return isHad;
  };
}
