import type { FileHandle } from 'node:fs/promises';
import { type Engine, EngineError, type FileId, stateNow, stateOf } from '../engine/index.ts';
import { pieceSize } from '../engine/payload-layout.ts';
import type { Logger } from '../util/logger.ts';
import type { ByteBudget } from './byte-budget.ts';
import { FileLayout } from './file-layout.ts';
import { LocalPieceReader } from './local-piece-reader.ts';
import type { ReadableFile, VerifiedFile } from './reader.ts';
import { openRegular } from './regular-file.ts';
import type { VerifiedFiles } from './verified-files.ts';

export interface FileVerifierParts {
  readonly engine: Engine;
  readonly verified: VerifiedFiles;
  readonly budget: ByteBudget;
  readonly log: Logger;
  /** Whether somebody has the file open. */
  readonly isOpen: (file: FileId) => boolean;
}

/**
 * Hashes complete files in the background, one after another, and remembers the state in which each was found good or bad. A
 * file in a known state is not hashed again. What was closed before its turn is left: whoever looks at the first bytes of each
 * file of a library does not have all of it read.
 */
export class FileVerifier {
  readonly #parts: FileVerifierParts;
  readonly #stopping = new AbortController();
  /** By file, in the order in which they were asked for. */
  readonly #queued: Map<string, { readonly file: ReadableFile; readonly path: string }> = new Map();
  #working: Promise<void> | undefined;

  constructor(parts: FileVerifierParts) {
    this.#parts = parts;
  }

  /** See {@link Reader.verifiedLocalFile}. What is not known yet is hashed in the background, for the next call. */
  async verified(file: ReadableFile, signal: AbortSignal): Promise<VerifiedFile | undefined> {
    const { engine, verified } = this.#parts;
    if (!(await this.#isHeld(file, signal))) return undefined;
    const local = await engine.localFile(file, { signal });
    if (local === undefined) return undefined;
    const { path, checkedState, mayHang = false } = local;
    // A file of this process' own engine: a turn of the thread pool is most of what an open costs.
    const isChecked = checkedState !== undefined && !mayHang && checkedState === stateNow(path);
    const state = isChecked ? checkedState : await stateOf(path).catch(() => undefined);
    if (state === undefined) return undefined;
    if (state === checkedState) return { path, state, mayHang };
    const verdict = verified.get(idOf(file));
    if (verdict?.state === state) return verdict.isGood ? { path, state, mayHang } : undefined;
    this.#queue(file, path);
    return undefined;
  }

  /** Resolves when nothing is hashed, or waits to be. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new EngineError('stopped', 'the mount is going away'));
    await this.#working;
  }

  async #isHeld(file: ReadableFile, signal: AbortSignal): Promise<boolean> {
    const map = await this.#parts.engine.pieces(file.infoHash, { signal });
    const layout = layoutOf(file);
    return layout.everyPiece(0, layout.length, piece => map.has(piece));
  }

  #queue(file: ReadableFile, path: string): void {
    const key = `${file.infoHash}/${file.fileIndex}`;
    if (this.#queued.has(key) || this.#stopping.signal.aborted) return;
    this.#queued.set(key, { file, path });
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    let isFirst = true; // it is about to be opened
    for (const [key, { file, path }] of this.#queued) {
      if (!this.#stopping.signal.aborted && (isFirst || this.#parts.isOpen(file))) await this.#verify(file, path);
      isFirst = false;
      this.#queued.delete(key);
    }
    this.#working = undefined;
  }

  async #verify(file: ReadableFile, path: string): Promise<void> {
    const id = idOf(file);
    try {
      const handle = await openRegular(path);
      try {
        const state = await stateOf(handle);
        const isGood = await this.#everyPieceMatches(file, handle);
        if (state === (await stateOf(handle))) this.#parts.verified.set(id, { state, isGood });
        if (!isGood) this.#parts.log.warn({ ...id, path }, 'a complete file is not what its torrent says');
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#parts.log.warn({ ...id, path, error }, 'a file could not be hashed');
    }
  }

  async #everyPieceMatches(file: ReadableFile, handle: FileHandle): Promise<boolean> {
    const { signal } = this.#stopping;
    const layout = layoutOf(file);
    if ((await handle.stat()).size !== layout.length) return false;
    if (layout.length === 0) return true;
    const reader = new LocalPieceReader(this.#parts.engine, file.details);
    const memory = new Uint8Array(file.details.pieceLength);
    for (const piece of endsFirst(layout)) {
      const release = await this.#parts.budget.acquire(file.details.pieceLength, signal);
      try {
        const bytes = memory.subarray(0, pieceSize(file.details, piece));
        if (!(await reader.read(bytes, piece, { fileIndex: file.fileIndex, file: handle }, signal))) return false;
      } finally {
        release();
      }
    }
    return true;
  }
}

/** Those at the ends may need files beside it, which may be gone: then the rest need not be read. */
function* endsFirst(layout: FileLayout): Generator<number> {
  const [first, last] = [layout.pieceAt(0), layout.pieceAt(layout.length - 1)];
  if (last > first) yield last;
  yield first;
  for (let piece = first + 1; piece < last; piece++) yield piece;
}

function idOf({ infoHash, fileIndex }: ReadableFile): FileId {
  return { infoHash, fileIndex };
}

/** The block size does not matter here: only pieces are asked for. */
function layoutOf(file: ReadableFile): FileLayout {
  return new FileLayout(file.details, file.fileIndex, file.details.pieceLength);
}
