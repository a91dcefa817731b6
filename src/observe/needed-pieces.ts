import { isHeld, type PieceRun, piecesOfSpan, toRuns } from './file-pieces.ts';
import type { ByteSpan, FilePieces } from './snapshot.ts';

/** What somebody needs of a file. Pieces are counted from the first one that the file touches. */
export interface NeededPieces {
  /** Whose need it is. */
  readonly basis: 'waiting reads' | 'last read' | 'whole file';
  readonly pieces: readonly PieceRun[];
  readonly missing: readonly PieceRun[];
  /** Bytes that have to be fetched, whole pieces. */
  readonly missingBytes: number;
}

export interface Needs {
  /** Undefined for a directory, and while the metadata is not known. */
  readonly pieces: FilePieces | undefined;
  /** What the file's last read asked for; undefined when it was never read. */
  readonly lastRead: ByteSpan | undefined;
  readonly waiting: readonly ByteSpan[];
}

/** What waiting reads need; where none waits what was read last, and where nothing was read all of the file. */
export function neededPieces({ pieces, waiting, lastRead }: Needs): NeededPieces | undefined {
  if (pieces === undefined) return undefined;
  const [basis, spans] = spansOf(pieces, waiting, lastRead);
  const needed = [...new Set(spans.flatMap(span => piecesOfSpan(pieces, span)))].sort((a, b) => a - b);
  const missing = needed.filter(piece => !isHeld(pieces, piece));
  return { basis, pieces: toRuns(needed), missing: toRuns(missing), missingBytes: missing.length * pieces.pieceLength };
}

function spansOf(
  { length }: FilePieces,
  waiting: readonly ByteSpan[],
  lastRead: ByteSpan | undefined,
): [NeededPieces['basis'], readonly ByteSpan[]] {
  if (waiting.length > 0) return ['waiting reads', waiting];
  if (lastRead !== undefined) return ['last read', [lastRead]];
  return ['whole file', [{ start: 0, endExclusive: length }]];
}
