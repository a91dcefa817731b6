import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { codeOf } from '../../util/error-facts.ts';
import { pieceSize } from '../payload-layout.ts';
import type { TorrentDetails } from '../torrent.ts';
import type { DataExtents } from './data-extents.ts';
import type { HeldPieces } from './held-pieces.ts';
import { NotRegularError } from './open-files.ts';
import type { PayloadStore } from './payload-store.ts';

export interface VerifierComponents {
  readonly details: TorrentDetails;
  readonly store: PayloadStore;
  readonly held: HeldPieces;
  readonly extents: DataExtents;
}

export interface VerifyOptions {
  readonly signal: AbortSignal;
  /** The pieces that somebody waits for, most wanted first; they are looked at before their turn. Asked for once a turn of the loop. */
  readonly wanted: () => readonly number[];
  /** A piece was found right. */
  readonly onHeld: (piece: number) => void;
  /** Bytes looked at so far, holes included. */
  readonly onProgress: (bytes: number) => void;
}

/**
 * Hashes what is on disk and marks the pieces that are right as held. What has never been written is not read, so a sparse
 * file costs what was fetched of it and not its size. Rejects with the signal's reason.
 */
export async function verifyPayload(components: VerifierComponents, options: VerifyOptions): Promise<void> {
  const { details, store, held, extents } = components;
  const survey = await store.survey(extents);
  options.signal.throwIfAborted();
  if (survey === undefined) return options.onProgress(details.totalLength);
  const looked = new Uint8Array(details.pieceCount);
  let progress = 0;
  let turnBeganAtMs = performance.now();
  /** Something else may be wanted than before. */
  let isNewTurn = true;
  const look = async (piece: number) => {
    options.signal.throwIfAborted();
    looked[piece] = 1;
    const mustRead = !held.has(piece) && survey.hasDataOf(piece);
    // What cannot be read is fetched: one bad sector must not keep the torrent from being used.
    if (mustRead && (await isPieceRight(components, piece).catch(() => false))) {
      held.add(piece);
      options.onHeld(piece);
    }
    progress += pieceSize(details, piece);
    options.onProgress(progress);
    if (!mustRead && performance.now() - turnBeganAtMs < TURN_MS) return;
    if (!mustRead) await nextTurn();
    turnBeganAtMs = performance.now();
    isNewTurn = true;
  };
  const firstWanted = () => options.wanted().find(piece => looked[piece] === 0);
  for (let piece = 0; piece < details.pieceCount; piece++) {
    if (isNewTurn) for (let next = firstWanted(); next !== undefined; next = firstWanted()) await look(next);
    isNewTurn = false;
    if (looked[piece] === 0) await look(piece);
  }
}

/**
 * Reads and hashes one piece, a part at a time, so that a piece of any size takes little memory and no long turn. False also when
 * its bytes are not there; rejects with the system's error when that cannot be told, as for want of descriptors.
 */
export async function isPieceRight({ details, store }: PieceSource, piece: number): Promise<boolean> {
  const start = piece * details.pieceLength;
  const size = pieceSize(details, piece);
  const hash = createHash('sha1');
  for (let offset = 0; offset < size; offset += PART_BYTES) {
    const part = new Uint8Array(Math.min(PART_BYTES, size - offset));
    if (!(await store.read(part, start + offset).catch(falseIfNotThere))) return false;
    hash.update(part);
  }
  return hash.digest().equals(details.pieceHashes.subarray(piece * 20, piece * 20 + 20));
}

function falseIfNotThere(error: unknown): false {
  if (error instanceof NotRegularError || NOT_THERE.has(codeOf(error) ?? '')) return false;
  throw error;
}

type PieceSource = Pick<VerifierComponents, 'details' | 'store'>;

/** No file, or in its place a folder, a link, a socket or a fifo (open(2), pread(2)). */
const NOT_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO', 'ESPIPE']);
/** A torrent of which little was fetched has tens of thousands of holes, which cost no read. */
const TURN_MS = 5;
/** About a millisecond of hashing. */
const PART_BYTES = 2 ** 20;
