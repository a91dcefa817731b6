import type { ByteSpan, FilePieces } from './snapshot.ts';

/** Whether the file's `index`-th piece is held; 0 is the first piece that the file touches. */
export function isHeld(pieces: FilePieces, index: number): boolean {
  return ((pieces.bitfield[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
}

/** The file's pieces that a span of it touches, ascending. */
export function piecesOfSpan(pieces: FilePieces, span: ByteSpan): number[] {
  if (span.endExclusive <= span.start || pieces.pieceCount === 0) return [];
  const first = Math.floor((span.start + pieces.leadBytes) / pieces.pieceLength);
  const last = Math.floor((Math.min(span.endExclusive, pieces.length) - 1 + pieces.leadBytes) / pieces.pieceLength);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** How many bytes of the file lie in its `index`-th piece. */
export function bytesOfPiece(pieces: FilePieces, index: number): number {
  const start = Math.max(0, index * pieces.pieceLength - pieces.leadBytes);
  const end = Math.min(pieces.length, (index + 1) * pieces.pieceLength - pieces.leadBytes);
  return Math.max(0, end - start);
}

/** Consecutive pieces, both ends included. */
export type PieceRun = readonly [first: number, last: number];

/** @param pieces ascending */
export function toRuns(pieces: readonly number[]): PieceRun[] {
  const runs: [number, number][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run && run[1] === piece - 1) run[1] = piece;
    else runs.push([piece, piece]);
  }
  return runs;
}

/** The pieces of the runs, ascending as they are; the first `limit` of them. */
export function piecesOfRuns(runs: readonly PieceRun[], limit: number): number[] {
  const pieces: number[] = [];
  for (const [first, last] of runs) {
    for (let piece = first; piece <= last; piece++) {
      if (pieces.length >= limit) return pieces;
      pieces.push(piece);
    }
  }
  return pieces;
}
