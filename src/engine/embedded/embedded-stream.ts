import { codeOf, messageOf } from '../../util/error-facts.ts';
import type { ByteStream, FileId, StreamOptions, TorrentRange } from '../engine.ts';
import { EngineError } from '../errors.ts';
import { piecesOf } from '../payload-layout.ts';
import type { TorrentFile } from '../torrent.ts';
import type { ListedTorrent, TorrentLayout } from './listed-torrent.ts';
import type { OpenFiles } from './open-files.ts';
import type { PieceProgress } from './thread-messages.ts';

/** What a stream needs of its engine. */
export interface StreamHost {
  readonly files: OpenFiles;
  /** @throws EngineError `not-found` */
  torrent(file: FileId): ListedTorrent;
  layout(torrent: ListedTorrent, signal: AbortSignal): Promise<TorrentLayout>;
  /** What the stream wants now. */
  demand(stream: EmbeddedStream, demand: ByteDemand): void;
  /** Looks again whether the pieces are on disk. */
  recheck(
    torrent: ListedTorrent,
    pieces: { readonly first: number; readonly end: number },
    signal: AbortSignal,
  ): Promise<void>;
  ended(stream: EmbeddedStream): void;
}

/** In bytes of the torrent. */
export interface ByteDemand extends TorrentRange {
  readonly priority: number;
}

/**
 * Waits until the piece at its position is held, and reads the bytes from the engine's own files: payload never travels
 * between threads. The engine thread is told what is wanted at the first read, and again when the position passed into
 * pieces that are missing.
 */
export class EmbeddedStream implements ByteStream {
  readonly demandId: number;
  readonly file: FileId;
  /** See `StreamOptions.reads`. */
  readonly reads: StreamOptions['reads'];
  readonly #priority: () => number;
  readonly #host: StreamHost;
  readonly #ended = new AbortController();
  readonly #stopListening: () => void;
  #position: number;
  #endExclusive: number;
  /** As the engine thread first told of the piece that is waited for, and last. */
  #progress: { readonly piece: number; readonly atFirst: number; readonly now: number } | undefined;
  #isReading = false;
  #memory = Buffer.alloc(0);
  /** What was last asked for. */
  #demanded: ByteDemand | undefined;
  #placed: TorrentFile | undefined;
  /** Where the files ended too early; see {@link #readFile}. */
  #shortAt: number | undefined;

  /** @param demandId tells its demand from those of others */
  constructor(host: StreamHost, { demandId, file }: { demandId: number; file: FileId }, options: StreamOptions) {
    this.#host = host;
    this.demandId = demandId;
    this.file = file;
    this.#priority = options.priority ?? (() => 0);
    this.reads = options.reads;
    this.#position = options.start;
    this.#endExclusive = options.endExclusive;
    const { signal } = options;
    const abort = () => this.end(signal.reason);
    this.#stopListening = () => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }

  get isEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Of the piece that is waited for, without those that came before it was: they are no sign of life. */
  get uncheckedBytes(): number {
    return this.#progress === undefined ? 0 : this.#progress.now - this.#progress.atFirst;
  }

  hearProgress({ piece, uncheckedBytes: now }: PieceProgress): void {
    const known = this.#progress?.piece === piece ? this.#progress : undefined;
    this.#progress = { piece, atFirst: Math.min(known?.atFirst ?? now, now), now };
  }

  get position(): number {
    return this.#position;
  }

  get endExclusive(): number {
    return this.#endExclusive;
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#isReading) throw new Error('ByteStream.read: one call at a time');
    this.#isReading = true;
    try {
      return await this.#read();
    } catch (error) {
      this.end(error);
      throw error;
    } finally {
      this.#isReading = false;
    }
  }

  extend(endExclusive: number): void {
    this.#endExclusive = Math.max(this.#endExclusive, endExclusive);
    if (this.#placed !== undefined) this.#demand(this.#placed);
  }

  close(): void {
    this.end(new EngineError('stopped', 'the stream was closed'));
  }

  /** Closes, with a reason for the read that waits. */
  end(reason: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#stopListening();
    this.#ended.abort(reason);
    this.#host.ended(this);
  }

  async #read(): Promise<Uint8Array | undefined> {
    const { signal } = this.#ended;
    signal.throwIfAborted();
    const torrent = this.#host.torrent(this.file);
    const layout = await this.#host.layout(torrent, signal);
    const file = this.#checkedFile(layout);
    if (this.#position >= this.#endExclusive) return undefined;
    if (this.#placed === undefined) {
      this.#placed = file;
      this.#demand(file);
    }
    for (;;) {
      signal.throwIfAborted();
      const length = this.#heldLength(torrent, { layout, file });
      const bytes = length > 0 ? await this.#readFile(torrent, { layout, file }, length) : undefined;
      if (bytes !== undefined) return bytes;
      if (length > 0) continue;
      torrent.assertFetching();
      this.#demand(file);
      const piece = Math.floor((file.offset + this.#position) / layout.details.pieceLength);
      await torrent.changes.until(() => torrent.held.has(piece) || !torrent.isFetching, signal);
    }
  }

  #checkedFile(layout: TorrentLayout): TorrentFile {
    const file = layout.details.files[this.file.fileIndex];
    if (file === undefined) throw new EngineError('not-found', `the torrent has no file ${this.file.fileIndex}`);
    if (this.#position > file.length || this.#endExclusive > file.length) {
      const range = `${this.#position}–${this.#endExclusive}`;
      throw new EngineError('bad-range', `bytes ${range} of a file of ${file.length} bytes`);
    }
    return file;
  }

  #demand(file: TorrentFile): void {
    if (this.isEnded) return; // nobody would drop it
    const start = file.offset + this.#position;
    const endExclusive = file.offset + this.#endExclusive;
    const priority = this.#priority();
    const last = this.#demanded;
    if (last?.start === start && last.endExclusive === endExclusive && last.priority === priority) return;
    this.#demanded = { start, endExclusive, priority };
    this.#host.demand(this, this.#demanded);
  }

  /** How many bytes from the position on can be read now, at most a chunk. */
  #heldLength(torrent: ListedTorrent, place: FilePlace): number {
    const { pieceLength } = place.layout.details;
    const start = place.file.offset + this.#position;
    const limit = Math.min(start + CHUNK_BYTES, place.file.offset + this.#endExclusive);
    let end = start;
    for (let piece = Math.floor(start / pieceLength); end < limit && torrent.held.has(piece); piece++) {
      end = Math.min(limit, (piece + 1) * pieceLength);
    }
    return end - start;
  }

  /** That of the last chunk, again: see {@link ByteStream.read}. */
  #memoryFor(length: number): Buffer {
    if (this.#memory.length < length) this.#memory = Buffer.allocUnsafeSlow(length);
    return this.#memory.subarray(0, length);
  }

  /** Undefined when the bytes are not where they should be; then the pieces have been looked at again. */
  async #readFile(torrent: ListedTorrent, place: FilePlace, length: number): Promise<Uint8Array | undefined> {
    const path = place.layout.paths[place.file.index];
    const bytes = this.#memoryFor(length);
    const onReplaced = () => torrent.held.doubt();
    const bytesRead = path === undefined ? bytes.fill(0).length : await this.#pread(path, bytes, onReplaced);
    const { signal } = this.#ended;
    signal.throwIfAborted();
    if (bytesRead === length) {
      this.#position += length;
      this.#progress = undefined;
      return bytes;
    }
    if (this.#shortAt === this.#position) {
      throw new EngineError('io', `${path ?? 'padding'} cannot be read, though its pieces are there; check the disk`);
    }
    this.#shortAt = this.#position; // else a disk that loses what is written would have it fetched for ever
    // Somebody cut or removed the file: what lies behind is as doubtful.
    const { details } = place.layout;
    const fileEnd = place.file.offset + place.file.length;
    await this.#host.recheck(torrent, piecesOf(details, place.file.offset + this.#position, fileEnd), signal);
    return undefined;
  }

  /**
   * Bytes that were read; zero when the file is gone.
   *
   * @param onReplaced called before another file is read than the one that was open
   * @throws EngineError `io`
   */
  async #pread(path: string, into: Buffer, onReplaced: () => void): Promise<number> {
    let isFirst = true;
    try {
      return await this.#host.files.with(path, async file => {
        if (!isFirst) onReplaced();
        isFirst = false;
        const { bytesRead } = await file.read(into, 0, into.length, this.#position);
        return bytesRead;
      });
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 0;
      const reason = messageOf(error);
      throw new EngineError('io', `${path} cannot be read: ${reason}`, { cause: error });
    }
  }
}

interface FilePlace {
  readonly layout: TorrentLayout;
  readonly file: TorrentFile;
}

/** As much as one FUSE read takes. */
const CHUNK_BYTES = 2 ** 20;
