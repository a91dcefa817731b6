/** Every client asks for blocks of this size, and few serve larger ones. */
export const BLOCK_BYTES = 2 ** 14;

/** Who was asked for a block. */
interface BlockRequest<Peer> {
  readonly peer: Peer;
  readonly atMs: number;
}

/** One piece on its way in: which of its blocks were asked for, of whom and when, and the bytes that are here. */
export class PieceAssembly<Peer> {
  readonly piece: number;
  readonly bytes: Uint8Array;
  readonly blockCount: number;
  /** Whose bytes are in here. */
  readonly sources = new Set<Peer>();
  #receivedBytes = 0;
  #missingBlocks: number;
  /** No block before this one is free. */
  #firstFree = 0;
  readonly #received: Uint8Array;
  readonly #requests: BlockRequest<Peer>[][];

  /** @param bytes where the piece is put together; what is in there does not matter */
  constructor(piece: number, bytes: Uint8Array) {
    this.piece = piece;
    this.bytes = bytes;
    this.blockCount = Math.ceil(bytes.length / BLOCK_BYTES);
    this.#missingBlocks = this.blockCount;
    this.#received = new Uint8Array(this.blockCount);
    this.#requests = Array.from({ length: this.blockCount }, () => []);
  }

  get isComplete(): boolean {
    return this.#missingBlocks === 0;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Bytes of the block; the last one may be shorter. */
  sizeOf(block: number): number {
    return Math.min(BLOCK_BYTES, this.bytes.length - block * BLOCK_BYTES);
  }

  /** The first block that is neither here nor asked for. */
  freeBlock(): number | undefined {
    for (; this.#firstFree < this.blockCount; this.#firstFree++) {
      if (this.#isFree(this.#firstFree)) return this.#firstFree;
    }
    return undefined;
  }

  /** A block that one other peer has owed since before `olderThanMs`. */
  overdueBlock(peer: Peer, olderThanMs: number): number | undefined {
    for (let block = 0; block < this.blockCount; block++) {
      const [request, second] = this.#requests[block] ?? [];
      if (request === undefined || second !== undefined) continue;
      if (request.peer !== peer && request.atMs < olderThanMs) return block;
    }
    return undefined;
  }

  requested(block: number, request: BlockRequest<Peer>): void {
    this.#requests[block]?.push(request);
  }

  /** The peer will not bring the block after all. */
  released(block: number, peer: Peer): void {
    const requests = this.#requests[block];
    const index = requests?.findIndex(request => request.peer === peer) ?? -1;
    if (requests === undefined || index < 0) return;
    requests.splice(index, 1);
    if (this.#isFree(block)) this.#firstFree = Math.min(this.#firstFree, block);
  }

  /** @returns the other peers that were asked for the same block and need not bring it any more */
  received(block: number, bytes: Uint8Array, peer: Peer): Peer[] {
    const others = (this.#requests[block] ?? []).map(request => request.peer).filter(other => other !== peer);
    this.#requests[block] = [];
    if (this.#received[block] === 0) {
      this.#received[block] = 1;
      this.#missingBlocks--;
      this.#receivedBytes += bytes.length;
      this.bytes.set(bytes, block * BLOCK_BYTES);
      this.sources.add(peer);
    }
    return others;
  }

  #isFree(block: number): boolean {
    return this.#received[block] === 0 && this.#requests[block]?.length === 0;
  }
}
