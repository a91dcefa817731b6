import type { PieceHolders } from '../pieces.ts';

/** What is asked of a connection; webtorrent's `Wire` has it. */
export interface HolderWire {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly peerPieces: { get(piece: number): boolean };
}

/** Which of the connected peers have these pieces, by what they announced. See `Engine.holders`. */
export function holdersOf(pieces: readonly number[], wires: readonly HolderWire[]): PieceHolders {
  const counts = pieces.map(() => 0);
  const peers: { address: string; pieces: number }[] = [];
  for (const wire of wires) {
    let held = 0;
    for (const [index, piece] of pieces.entries()) {
      if (!wire.peerPieces.get(piece)) continue;
      held++;
      counts[index] = (counts[index] ?? 0) + 1;
    }
    if (held > 0) peers.push({ address: addressOf(wire), pieces: held });
  }
  peers.sort((a, b) => b.pieces - a.pieces);
  return {
    asked: pieces.length,
    rarest: counts.reduce((fewest, count) => Math.min(fewest, count), peers.length),
    peerCount: peers.length,
    peers: peers.slice(0, MOST_SHOWN),
  };
}

/** Enough to see whom to thank, few enough for a page. */
const MOST_SHOWN = 10;

function addressOf({ remoteAddress = 'unknown', remotePort }: HolderWire): string {
  const host = remoteAddress.replace(/^::ffff:/i, '');
  return `${host.includes(':') ? `[${host}]` : host}${remotePort === undefined ? '' : `:${remotePort}`}`;
}
