import type { Peer, WireInside } from '#webtorrent';

/**
 * Joins a peer's socket and its wire, in place of webtorrent's pipes, which lead all bytes through four streams that limit and
 * count them. Nothing is limited here; what is counted goes to trackers.
 */
export function joinEnds(peer: Peer): void {
  const { conn, wire } = peer;
  const input = new WireInput(wire);
  conn.on('data', (bytes: Uint8Array) => {
    peer.emit('download', bytes.length);
    input.take(bytes);
  });
  wire.on('data', (bytes: Uint8Array) => peer.emit('upload', bytes.length));
  wire.pipe(conn);
}

/**
 * Lets a wire read its messages where they arrived, in memory that is used again afterwards, so blocks are copied once, by whoever
 * asked for them. bittorrent-protocol would copy all that has arrived whenever a message is not complete. Everything but blocks
 * is small, and kept by some that it is handed to, and so it is handed out as a copy.
 */
export class WireInput {
  readonly #wire: WireInside;
  #isLetGo = false;

  constructor(wire: WireInside) {
    this.#wire = wire;
    const handle = wire._onMessage;
    wire._onMessage = message => handle.call(wire, message[0] === BLOCK ? message : copyOf(message));
  }

  /**
   * Takes in what has arrived; nothing looks at `bytes` after that. A peer is let go whose message cannot be handled: what came
   * after it would be left in memory that is used again.
   *
   * @throws what the message was handled with
   */
  take(bytes: Uint8Array): void {
    if (this.#isLetGo) return;
    try {
      this.#takeIn(bytes);
    } catch (error) {
      this.#isLetGo = true;
      this.#wire._buffer = [];
      this.#wire.destroy();
      throw error;
    }
  }

  #takeIn(bytes: Uint8Array): void {
    const wire = this.#wire;
    if (wire.peerId === null) {
      this.#write(copyOf(bytes)); // the parts of a handshake are kept until it is whole
      return;
    }
    // So that no more is copied than the message which began in an earlier chunk.
    const lacking = wire._bufferSize === 0 ? 0 : Math.min(wire._parserSize - wire._bufferSize, bytes.length);
    if (lacking > 0) this.#write(bytes.subarray(0, lacking));
    if (lacking < bytes.length) this.#write(bytes.subarray(lacking));
    const [begun] = wire._buffer;
    if (begun?.buffer === bytes.buffer) wire._buffer = [copyOf(begun)];
  }

  /** At once: its own `write` would wait for a turn of the microtasks. It never asks to wait. */
  #write(bytes: Uint8Array): void {
    this.#wire._write(bytes, () => {});
  }
}

/** BEP 3's `piece`. */
const BLOCK = 7;

function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
