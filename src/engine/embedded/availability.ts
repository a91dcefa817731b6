/** What tells which pieces a peer has. */
export interface HavingPeer {
  readonly peerPieces: {
    get(piece: number): boolean;
    /** Most significant bit first (BEP 3), maybe too short; webtorrent has none for a peer that said that it has everything. */
    readonly buffer: Uint8Array;
  };
}

/** A plan looks at thousands of pieces, and is made anew for each that arrives. */
const KEPT_MS = 1000;

/** Which pieces some connected peer has. An answer may be a second old. */
export class Availability {
  readonly #peers: () => readonly HavingPeer[];
  readonly #now: () => number;
  readonly #bits: Uint8Array;
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(pieceCount: number, peers: () => readonly HavingPeer[], now: () => number) {
    this.#peers = peers;
    this.#now = now;
    this.#bits = new Uint8Array(Math.ceil(pieceCount / 8));
  }

  /** A bit for each piece, most significant first. Good for now: it changes with a later call. */
  look(): Uint8Array {
    const nowMs = this.#now();
    if (nowMs - this.#sinceMs >= KEPT_MS) {
      this.#sinceMs = nowMs;
      this.#bits.fill(0);
      for (const peer of this.#peers()) this.#add(peer);
    }
    return this.#bits;
  }

  /** By bytes: asked piece by piece, fifty peers of a large torrent take some hundredths of a second. */
  #add({ peerPieces }: HavingPeer): void {
    const { buffer } = peerPieces;
    if (buffer.length === 0 && peerPieces.get(0)) this.#bits.fill(0xff);
    const length = Math.min(this.#bits.length, buffer.length);
    for (let byte = 0; byte < length; byte++) this.#bits[byte] = (this.#bits[byte] ?? 0) | (buffer[byte] ?? 0);
  }
}
