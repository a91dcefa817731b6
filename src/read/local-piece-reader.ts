import type { FileHandle } from 'node:fs/promises';
import type { Engine, InfoHash, TorrentDetails } from '../engine/index.ts';
import { type FileSpan, spansOfPiece } from '../engine/payload-layout.ts';
import { isPiece } from './piece-hash.ts';
import { openRegular, readExactly } from './regular-file.ts';

/**
 * Reads and hashes one piece from the files on this machine, of which it may span several. Descriptors are opened and closed
 * for each piece, but for the one that the caller lends.
 */
export class LocalPieceReader {
  readonly #engine: Engine;
  readonly #infoHash: InfoHash;
  readonly #details: TorrentDetails;

  constructor(engine: Engine, details: TorrentDetails) {
    this.#engine = engine;
    this.#infoHash = details.infoHash;
    this.#details = details;
  }

  /**
   * @param bytes where the piece goes, of its size; not to be used otherwise before this has ended
   * @param lent an open descriptor of one of the files
   * @returns whether its hash matches
   * @throws Error when a file cannot be read
   */
  async read(
    bytes: Uint8Array,
    piece: number,
    lent: { readonly fileIndex: number; readonly file: FileHandle },
    signal: AbortSignal,
  ): Promise<boolean> {
    for (const part of spansOfPiece(this.#details, piece)) {
      signal.throwIfAborted();
      const target = bytes.subarray(part.rangeOffset, part.rangeOffset + part.length);
      if (part.file.padding) target.fill(0);
      else if (part.file.index === lent.fileIndex) await readExactly(lent.file, target, part.fileOffset);
      else await this.#readOther(part, target, signal);
    }
    return await isPiece(this.#details, piece, bytes);
  }

  async #readOther(part: FileSpan, target: Uint8Array, signal: AbortSignal): Promise<void> {
    const local = await this.#engine.localFile({ infoHash: this.#infoHash, fileIndex: part.file.index }, { signal });
    if (local === undefined) throw new Error(`${part.file.path.join('/')} is not on this machine`);
    const file = await openRegular(local.path);
    try {
      await readExactly(file, target, part.fileOffset);
    } finally {
      await file.close();
    }
  }
}
