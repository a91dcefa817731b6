import type { WaitOptions } from './engine.ts';
import type { FileState } from './file-state.ts';

/** Which pieces of a torrent are held and verified. Bits may appear at any moment; they vanish only if data was lost. */
export interface PieceMap {
  readonly pieceCount: number;
  has(piece: number): boolean;
  /** How many are held. */
  readonly heldCount: number;
  /** One bit a piece, most significant bit first (BEP 3 `bitfield`); a copy. */
  toBitfield(): Uint8Array;
  /** Asks the engine anew where it must be asked; at once where the map is live anyway. Calls made meanwhile share one. */
  refresh(options: WaitOptions): Promise<void>;
}

/** Which connected peers have some pieces, as far as they have told. */
export interface PieceHolders {
  /** How many pieces it is about. */
  readonly asked: number;
  /** How many of the peers have the rarest of them. */
  readonly rarest: number;
  /** Peers that have one of them or more. */
  readonly peerCount: number;
  /** Those with the most of them first, and not more than a page can show; `pieces` is how many of them the peer has. */
  readonly peers: readonly { readonly address: string; readonly pieces: number }[];
}

export interface LocalFile {
  readonly path: string;
  /**
   * True when another program writes the file, or could: each piece is hashed before its bytes are believed. False where
   * the engine of this process is the only writer and has verified what its piece map says.
   */
  readonly mustVerify: boolean;
  /**
   * The file is whole, the engine has hashed every byte that it wrote there, and left the file in this state; nobody else wrote
   * to it before. Undefined where it cannot say so.
   */
  readonly checkedState?: FileState | undefined;
  /** It lies on a server that may not answer: whoever looks at it leaves that to a thread of the pool, though it takes longer. */
  readonly mayHang?: boolean;
}
