import type { FileHandle } from 'node:fs/promises';
import {
  type Engine,
  type FileId,
  type FileState,
  type LocalFile,
  type PieceMap,
  PieceSpan,
  stateOf,
} from '../engine/index.ts';
import { pieceSize } from '../engine/payload-layout.ts';
import type { Logger } from '../util/logger.ts';
import type { SpareBuffers } from '../util/spare-buffers.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { ByteRange } from './byte-ranges.ts';
import type { FileLayout } from './file-layout.ts';
import { LocalPieceReader } from './local-piece-reader.ts';
import type { ReadableFile } from './reader.ts';
import { openRegular, readExactly } from './regular-file.ts';
import type { VerifiedFiles } from './verified-files.ts';

export interface LocalPiecesParts {
  readonly engine: Engine;
  readonly file: ReadableFile;
  readonly layout: FileLayout;
  readonly verified: VerifiedFiles;
  /** Memory for what is being read; whoever holds some of it waits for the disk alone. */
  readonly budget: ByteBudget;
  /** Where it goes. */
  readonly memory: SpareBuffers;
  readonly log: Logger;
}

/** Takes bytes of the file in; their memory is used again after the call. */
export type Deliver = (offset: number, bytes: Uint8Array) => void;

/** One `pread` of bytes that need no hash: the largest read of the kernel, so one waiting reader is served by one. */
const READ_BYTES = 1 << 20;

/**
 * The held pieces of one file as they lie on this machine's disk. How far they are believed:
 *
 * - Another program writes the file: each piece is hashed before a byte of it is used.
 * - The file is complete and was hashed whole, or written by the engine of this process: it is believed as long as its state
 *   (times, size, inode) is what it was then.
 * - The engine of this process writes it, and is not done: its own piece map is believed. Once the file is complete nothing
 *   writes it any more, so whatever changes it then is somebody else, and it is treated like the files of others.
 */
export class LocalPieces {
  readonly #parts: LocalPiecesParts;
  readonly #id: FileId;
  readonly #pieceReader: LocalPieceReader;
  /** Pieces whose bytes on disk are wrong or cannot be read. */
  readonly #disbelieved: Set<number> = new Set();
  /** Those of them that were read and did not match. */
  readonly #mismatched: Set<number> = new Set();
  readonly #span: PieceSpan;
  #map: PieceMap | undefined;
  #local: LocalFile | undefined;
  /** What was known when the engine was asked once more. */
  #askedAgain: LocalFile | undefined;
  #handle: Promise<FileHandle> | undefined;

  constructor(parts: LocalPiecesParts) {
    this.#parts = parts;
    const { infoHash, fileIndex } = parts.file;
    this.#id = { infoHash, fileIndex };
    this.#pieceReader = new LocalPieceReader(parts.engine, parts.file.details);
    const { layout } = parts;
    const first = layout.pieceAt(0);
    this.#span = new PieceSpan({ first, end: layout.length === 0 ? first : layout.pieceAt(layout.length - 1) + 1 });
  }

  /** Tells where the file lies and what is held of it. A path that has changed drops all that was thought of the old one. */
  locate(local: LocalFile | undefined, map: PieceMap): void {
    this.#map = map;
    const known = this.#local;
    this.#local = local;
    if (local?.path === known?.path && local?.mustVerify === known?.mustVerify) return;
    this.#disbelieved.clear();
    void this.close();
  }

  isLocal(piece: number): boolean {
    return this.#local !== undefined && !this.#disbelieved.has(piece) && (this.#map?.has(piece) ?? false);
  }

  /** The disk has other bytes than the torrent, so what the engine reads from the same disk must be hashed too. */
  isMismatched(piece: number): boolean {
    return this.#mismatched.has(piece);
  }

  /** Tried again, from now on: somebody opened the file anew. */
  believeAgain(): void {
    this.#disbelieved.clear();
  }

  /** How far one {@link load} from `from` will go, at most to `to` or the end of the piece. */
  extent(from: number, to: number): number {
    const { layout, verified } = this.#parts;
    if (this.#mustHash() && !verified.get(this.#id)?.isGood) return layout.pieceEnd(layout.pieceAt(from));
    return Math.min(to, layout.roundDown(from) + READ_BYTES);
  }

  /**
   * Reads some bytes from `from` on, all of a held piece or several blocks, and hands them out.
   *
   * @param from in a piece that {@link isLocal}, as are all up to `to`
   * @param deliver not called when the bytes are not what they should be: the piece is then not local any more, or tried in
   * another file
   */
  async load(from: number, to: number, deliver: Deliver, signal: AbortSignal): Promise<void> {
    const piece = this.#parts.layout.pieceAt(from);
    this.#handle ??= this.#open(signal);
    const opening = this.#handle;
    try {
      const file = await opening;
      if (await this.#isUnchanged(file, signal)) await this.#loadUnchanged(file, { from, to }, deliver, signal);
      else if (!this.#mustHash()) await this.#loadTrusted(file, { from, to }, deliver, signal);
      else if (await this.#loadPiece(file, piece, deliver, signal)) return;
      else if (this.#leave(opening)) await this.#foundWrong(piece, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!this.#leave(opening)) return;
      this.#disbelieve(piece, 'a piece could not be read from disk, and is asked of the engine', error);
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.then(file => file.close()).catch(() => undefined);
  }

  /** Whether the file was hashed whole, and found good, in the state in which it is now. */
  async #isUnchanged(file: FileHandle, signal: AbortSignal): Promise<boolean> {
    const verdict = this.#parts.verified.get(this.#id);
    const checkedState = this.#checkedState(signal);
    if (verdict?.isGood !== true && checkedState === undefined) return false;
    const state = await stateOf(file);
    return state === checkedState || (verdict?.isGood === true && state === verdict.state);
  }

  /** See {@link LocalFile.checkedState}. Of a file that became whole after it was located it is known soon. */
  #checkedState(signal: AbortSignal): FileState | undefined {
    const local = this.#local;
    if (local?.mustVerify !== false || !this.#isWhole()) return undefined;
    if (local.checkedState === undefined && this.#askedAgain !== local) {
      this.#askedAgain = local;
      void this.#locateAgain(local, signal);
    }
    return local.checkedState;
  }

  async #locateAgain(known: LocalFile, signal: AbortSignal): Promise<void> {
    const located = await this.#parts.engine.localFile(this.#id, { signal }).catch(() => undefined); // then it is hashed
    if (this.#local === known && located?.path === known.path) this.#local = located;
  }

  #mustHash(): boolean {
    const { engine } = this.#parts;
    return this.#local?.mustVerify !== false || this.#isWhole() || (engine.mustVerify?.(this.#id.infoHash) ?? false);
  }

  #isWhole(): boolean {
    const map = this.#map;
    if (map === undefined) return false;
    return map.heldCount === map.pieceCount || this.#span.isWhole(piece => map.has(piece));
  }

  async #loadUnchanged(file: FileHandle, range: ByteRange, deliver: Deliver, signal: AbortSignal): Promise<void> {
    // Looked at once more: whoever wrote before or while the bytes were read has changed the state by now.
    await this.#loadPlain(file, range, deliver, { signal, isGood: () => this.#isUnchanged(file, signal) });
  }

  async #loadTrusted(file: FileHandle, range: ByteRange, deliver: Deliver, signal: AbortSignal): Promise<void> {
    await this.#loadPlain(file, range, deliver, { signal, isGood: async () => !this.#mustHash() });
  }

  /** @param isGood whether what was read may be handed out */
  async #loadPlain(
    file: FileHandle,
    range: ByteRange,
    deliver: Deliver,
    { signal, isGood }: { readonly signal: AbortSignal; readonly isGood: () => Promise<boolean> },
  ): Promise<void> {
    const { layout, budget, memory } = this.#parts;
    const start = layout.roundDown(range.from);
    const end = Math.max(layout.roundUp(range.from + 1), Math.min(range.to, start + READ_BYTES));
    const release = await budget.acquire(end - start, signal);
    const bytes = memory.take(end - start);
    try {
      await readExactly(file, bytes, start);
      if (await isGood()) deliver(start, bytes);
    } finally {
      memory.giveBack(bytes);
      release();
    }
  }

  /** @returns whether the piece is right */
  async #loadPiece(file: FileHandle, piece: number, deliver: Deliver, signal: AbortSignal): Promise<boolean> {
    const { layout, budget, memory, file: readable } = this.#parts;
    const release = await budget.acquire(readable.details.pieceLength, signal);
    const bytes = memory.take(pieceSize(readable.details, piece));
    try {
      const isRight = await this.#pieceReader.read(bytes, piece, { fileIndex: readable.fileIndex, file }, signal);
      if (!isRight) return false;
      this.#mismatched.delete(piece);
      const start = layout.pieceStart(piece);
      const before = layout.bytesBeforeFile(piece);
      deliver(start, bytes.subarray(before, before + layout.pieceEnd(piece) - start));
      return true;
    } finally {
      memory.giveBack(bytes);
      release();
    }
  }

  /** The engine may fetch it anew; it must know before it is asked for the piece. */
  async #foundWrong(piece: number, signal: AbortSignal): Promise<void> {
    const { engine, log } = this.#parts;
    await engine.recheck?.(this.#id.infoHash, piece, { signal }).catch(error => {
      log.debug({ ...this.#id, piece, error }, 'the engine does not look again at a piece that is wrong on disk');
    });
    this.#mismatched.add(piece);
    this.#disbelieve(piece, 'a piece on disk is not what the torrent says, and is asked of the engine', undefined);
  }

  async #open(signal: AbortSignal): Promise<FileHandle> {
    const local = this.#local;
    if (local === undefined) throw new Error('the file is not on this machine');
    const file = await openRegular(local.path);
    try {
      // What is open may be another file than the one that was located.
      if (!local.mustVerify) await this.#parts.engine.localFile(this.#id, { signal });
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * The file that was opened is not read any more, since something is wrong with it; whoever reads next opens what is at the path by
   * then. So a piece that another load finds wrong in the same file is tried again.
   *
   * @returns false when somebody else has done that already
   */
  #leave(opening: Promise<FileHandle>): boolean {
    if (this.#handle !== opening) return false;
    void this.close();
    return true;
  }

  #disbelieve(piece: number, message: string, error: unknown): void {
    this.#disbelieved.add(piece);
    this.#parts.log.warn({ ...this.#id, piece, path: this.#local?.path, error }, message);
  }
}
