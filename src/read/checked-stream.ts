import type { ByteStream, Engine, FileId, StreamOptions, TorrentDetails } from '../engine/index.ts';
import { type FileSpan, pieceSize, spansOfPiece } from '../engine/payload-layout.ts';
import { ReadError } from './errors.ts';
import type { FileLayout } from './file-layout.ts';
import { isPiece } from './piece-hash.ts';

export interface CheckedStreamParts {
  readonly engine: Engine;
  readonly details: TorrentDetails;
  readonly layout: FileLayout;
  readonly id: FileId;
}

/**
 * A stream of an engine whose bytes are not believed before the SHA-1 of their piece is right. It hands out piece by piece, and
 * fetches what a piece needs from neighbouring files, too.
 */
export class CheckedStream implements ByteStream {
  position: number;
  endExclusive: number;
  readonly #parts: CheckedStreamParts;
  readonly #options: Pick<StreamOptions, 'priority' | 'reads' | 'signal'>;
  readonly #closing = new AbortController();
  #stream: ByteStream | undefined;
  /** Of the piece at the position. */
  #fetchedBytes = 0;

  constructor(parts: CheckedStreamParts, options: StreamOptions) {
    this.#parts = parts;
    this.position = options.start;
    this.endExclusive = options.endExclusive;
    this.#options = { ...options, signal: AbortSignal.any([options.signal, this.#closing.signal]) };
  }

  get uncheckedBytes(): number {
    return this.#fetchedBytes + (this.#stream?.uncheckedBytes ?? 0);
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.position >= this.endExclusive) return undefined;
    const { layout, details } = this.#parts;
    const piece = layout.pieceAt(this.position);
    const bytes = (await this.#fetchRight(piece)) ?? (await this.#fetchAnew(piece));
    if (bytes === undefined) {
      throw new ReadError(
        'corrupt',
        `piece ${piece} of ${details.name} does not match its hash, wherever it is read from`,
      );
    }
    const skip = layout.bytesBeforeFile(piece) + this.position - layout.pieceStart(piece);
    const end = Math.min(layout.pieceEnd(piece), this.endExclusive);
    const checked = bytes.subarray(skip, skip + end - this.position);
    this.position = end;
    this.#fetchedBytes = 0;
    return checked;
  }

  extend(endExclusive: number): void {
    this.endExclusive = Math.max(this.endExclusive, endExclusive);
    this.#stream?.extend(this.#stream.endExclusive); // for the priority
  }

  close(): void {
    this.#closing.abort();
    this.#stream?.close();
  }

  /** Undefined when its hash is another. */
  async #fetchRight(piece: number): Promise<Uint8Array | undefined> {
    const bytes = await this.#fetch(piece);
    return (await isPiece(this.#parts.details, piece, bytes)) ? bytes : undefined;
  }

  /** Once, after the engine has looked at what it holds: a disk that gives other bytes than were written would do so for ever. */
  async #fetchAnew(piece: number): Promise<Uint8Array | undefined> {
    const { engine, details } = this.#parts;
    if (engine.recheck === undefined) return undefined;
    await engine.recheck(details.infoHash, piece, this.#options);
    return await this.#fetchRight(piece);
  }

  /** Takes memory when the first bytes of the piece have come: hundreds may be waited for. */
  async #fetch(piece: number): Promise<Uint8Array> {
    const { details } = this.#parts;
    let bytes: Uint8Array | undefined;
    for (const part of spansOfPiece(details, piece)) {
      if (part.file.padding) continue;
      await this.#fetchPart(part, (chunk, partOffset) => {
        bytes ??= new Uint8Array(pieceSize(details, piece));
        bytes.set(chunk, part.rangeOffset + partOffset);
        this.#fetchedBytes += chunk.length;
      });
    }
    return bytes ?? new Uint8Array(pieceSize(details, piece));
  }

  /** @param take given the bytes of the part, and where in it they begin */
  async #fetchPart(part: FileSpan, take: (chunk: Uint8Array, partOffset: number) => void): Promise<void> {
    const { engine, details } = this.#parts;
    const endExclusive = part.fileOffset + part.length;
    this.#stream = engine.open(
      { infoHash: details.infoHash, fileIndex: part.file.index },
      { ...this.#options, start: part.fileOffset, endExclusive },
    );
    try {
      for (let done = 0; done < part.length; ) {
        const chunk = await this.#stream.read();
        if (chunk === undefined) throw new ReadError('corrupt', `a stream of ${part.file.path.join('/')} ended early`);
        take(chunk, done);
        done += chunk.length;
      }
    } finally {
      this.#stream.close();
    }
  }
}
