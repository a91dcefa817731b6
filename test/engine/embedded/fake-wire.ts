import type { FetchWire } from '../../../src/engine/embedded/piece-fetcher.ts';

interface WireRequest {
  readonly piece: number;
  readonly offset: number;
  readonly length: number;
  readonly callback: (error: Error | null, bytes: Uint8Array | null) => void;
}

/** What a peer says that it has, as webtorrent keeps it. */
export class FakePieces {
  readonly buffer: Uint8Array;

  constructor(pieces: Iterable<number>) {
    const all = [...pieces];
    this.buffer = new Uint8Array(Math.ceil((Math.max(-1, ...all) + 1) / 8));
    for (const piece of all) this.buffer[piece >>> 3] = (this.buffer[piece >>> 3] ?? 0) | (0x80 >>> (piece & 7));
  }

  get(piece: number): boolean {
    return ((this.buffer[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0;
  }
}

/** A connection to a peer with some pieces, which sends when the test says so. */
export class FakeWire implements FetchWire {
  destroyed = false;
  peerChoking = false;
  hasFast = true;
  peerAllowedFastSet: number[] = [];
  requests: WireRequest[] = [];
  downloaded = 0;
  peerExtendedHandshake: { reqq?: unknown } = {};
  readonly cancelled: { piece: number; offset: number }[] = [];
  readonly peerPieces: FakePieces;
  readonly #pieces: ReadonlyMap<number, Uint8Array>;

  constructor(pieces: readonly Uint8Array[] | ReadonlyMap<number, Uint8Array>) {
    this.#pieces = pieces instanceof Map ? pieces : new Map([...pieces.entries()]);
    this.peerPieces = new FakePieces(this.#pieces.keys());
  }

  request(piece: number, offset: number, length: number, callback: WireRequest['callback']): void {
    this.requests.push({ piece, offset, length, callback });
  }

  cancel(piece: number, offset: number): void {
    this.cancelled.push({ piece, offset });
    this.#take(piece, offset)?.callback(new Error('request was cancelled'), null);
  }

  /** The pieces that are asked for, each as often as it has blocks on the way. */
  get asked(): number[] {
    return this.requests.map(({ piece }) => piece);
  }

  /** Sends the oldest block that is owed. */
  send(): void {
    const [next] = this.requests;
    if (next === undefined) throw new Error('nothing is asked for');
    this.#take(next.piece, next.offset);
    const bytes = this.#pieces.get(next.piece);
    this.downloaded += next.length;
    next.callback(null, (bytes ?? new Uint8Array()).subarray(next.offset, next.offset + next.length));
  }

  sendAll(): void {
    while (this.requests.length > 0) this.send();
  }

  /** The connection breaks. */
  close(): void {
    this.destroyed = true;
    for (const { piece, offset } of [...this.requests]) this.#take(piece, offset)?.callback(new Error('closed'), null);
  }

  destroy(): void {
    this.close();
  }

  #take(piece: number, offset: number): WireRequest | undefined {
    const index = this.requests.findIndex(request => request.piece === piece && request.offset === offset);
    return index < 0 ? undefined : this.requests.splice(index, 1)[0];
  }
}
