import type { TorrentDetails } from '../engine/index.ts';

/** Whether the bytes are those of the piece, by its SHA-1 (BEP 3). Hashed on a thread of the pool. */
export async function isPiece(details: TorrentDetails, piece: number, bytes: Uint8Array): Promise<boolean> {
  const wanted = details.pieceHashes.subarray(piece * 20, piece * 20 + 20);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes));
  return wanted.length === 20 && digest.every((byte, index) => byte === wanted[index]);
}
