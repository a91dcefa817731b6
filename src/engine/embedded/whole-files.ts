import type { TorrentDetails, TorrentFile } from '../torrent.ts';
import { piecesOf } from './payload-layout.ts';
import type { PayloadStore } from './payload-store.ts';
import type { WholeFile } from './thread-messages.ts';

/** Those of the files of which every piece is held, and to which nobody else has written. */
export function wholeFiles(
  files: Iterable<TorrentFile>,
  known: {
    readonly details: TorrentDetails;
    readonly store: PayloadStore;
    readonly isHeld: (piece: number) => boolean;
  },
): WholeFile[] {
  const whole: WholeFile[] = [];
  for (const { index, offset, length } of files) {
    const state = known.store.stateOf(index);
    const { first, end } = piecesOf(known.details, offset, offset + length);
    if (state !== undefined && everyPiece(first, end, known.isHeld)) whole.push({ fileIndex: index, state });
  }
  return whole;
}

export function everyPiece(first: number, end: number, isHeld: (piece: number) => boolean): boolean {
  for (let piece = first; piece < end; piece++) if (!isHeld(piece)) return false;
  return true;
}
