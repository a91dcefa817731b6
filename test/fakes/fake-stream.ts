import {
  type ByteStream,
  EngineError,
  type FileId,
  type InfoHash,
  type StreamOptions,
} from '../../src/engine/index.ts';
import type { FakeDemand, FakeTorrent } from './fake-torrent.ts';
import { type Gate, untilAborted } from './gate.ts';

/** What a stream needs of its engine. */
export interface StreamHost {
  readonly chunkBytes: number;
  readonly openStreams: Set<FakeStream>;
  /** Counts the call, hangs or fails it as the test said, and takes a turn. */
  answer(call: 'read', signal: AbortSignal): Promise<void>;
  torrent(infoHash: InfoHash): FakeTorrent;
  /** The nearest stall or cut at or after the offset. */
  markFrom(file: FileId, offset: number): Mark | undefined;
  /** Waits at a stall, throws at a cut. */
  pass(mark: Mark, signal: AbortSignal): Promise<void>;
}

/** A byte of a file at which something happens: a stall has a gate, a cut an error. */
export interface Mark extends FileId {
  readonly offset: number;
  readonly gate: Gate | undefined;
  readonly error: Error | undefined;
  readonly reached: Gate;
}

/** A stream of {@link FakeEngine}; tests look at its file, position and end. */
export class FakeStream implements ByteStream {
  readonly file: FileId;
  position: number;
  endExclusive: number;
  /** As it was last asked for. */
  priority: number;
  readonly #host: StreamHost;
  readonly #ended = new AbortController();
  #withdraw: (() => void) | undefined;
  #reading = false;
  /** What the last read gave. */
  #lent: Uint8Array | undefined;
  readonly #askPriority: () => number;

  constructor(host: StreamHost, file: FileId, options: StreamOptions) {
    this.#host = host;
    this.file = file;
    this.position = options.start;
    this.endExclusive = options.endExclusive;
    this.#askPriority = options.priority ?? (() => 0);
    this.priority = this.#askPriority();
    const { signal } = options;
    const abort = (): void => this.#end(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true, signal: this.#ended.signal });
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#reading) throw new Error('ByteStream.read: one call at a time');
    this.#reading = true;
    this.#lent?.fill(SPOILT); // whoever kept it beyond this call has wrong bytes now
    try {
      this.#lent = await this.#read();
      return this.#lent;
    } catch (error) {
      this.#end(error);
      throw error;
    } finally {
      this.#reading = false;
    }
  }

  extend(endExclusive: number): void {
    this.endExclusive = Math.max(this.endExclusive, endExclusive);
    this.priority = this.#askPriority();
    if (this.#withdraw !== undefined) this.#host.torrent(this.file.infoHash).demandChanged();
  }

  close(): void {
    this.#end(new EngineError('stopped', 'the stream was closed'));
  }

  #end(reason: unknown): void {
    this.#host.openStreams.delete(this);
    this.#withdraw?.();
    this.#withdraw = undefined;
    this.#ended.abort(reason);
  }

  async #read(): Promise<Uint8Array | undefined> {
    await this.#host.answer('read', this.#ended.signal);
    const torrent = this.#host.torrent(this.file.infoHash);
    this.#check(torrent);
    if (this.position >= this.endExclusive) return undefined;
    this.#withdraw ??= torrent.addDemand(demandOf(this));
    for (;;) {
      const mark = this.#host.markFrom(this.file, this.position);
      if (mark !== undefined && mark.offset === this.position) {
        await this.#host.pass(mark, this.#ended.signal);
        continue;
      }
      if (torrent.has(torrent.pieceAt(this.file.fileIndex, this.position))) {
        return this.#take(torrent, Math.min(this.endExclusive, mark?.offset ?? Number.POSITIVE_INFINITY));
      }
      refuseUnlessFetching(torrent);
      await changed(torrent, this.#ended.signal);
    }
  }

  #check(torrent: FakeTorrent): void {
    const { length } = torrent.file(this.file.fileIndex);
    if (this.position > length || this.endExclusive > length) {
      throw new EngineError('bad-range', `${this.position}–${this.endExclusive} of ${length} bytes`);
    }
  }

  /** Up to the end of the piece, of a chunk, of what is wanted, or to the next stall or cut. */
  #take(torrent: FakeTorrent, limit: number): Uint8Array {
    const { offset } = torrent.file(this.file.fileIndex);
    const { pieceLength } = torrent.details;
    const start = offset + this.position;
    const pieceEnd = (Math.floor(start / pieceLength) + 1) * pieceLength;
    const end = Math.min(start + this.#host.chunkBytes, pieceEnd, offset + limit);
    this.position += end - start;
    torrent.demandChanged();
    return Uint8Array.from(torrent.payload.slice(start, end));
  }
}

const SPOILT = 0xee;

/** It moves with the stream. */
function demandOf(stream: FakeStream): FakeDemand {
  return {
    fileIndex: stream.file.fileIndex,
    get position() {
      return stream.position;
    },
    get endExclusive() {
      return stream.endExclusive;
    },
  };
}

function refuseUnlessFetching(torrent: FakeTorrent): void {
  if (torrent.state === 'paused') throw new EngineError('paused', `${torrent.details.name} is paused`);
  if (torrent.state === 'error') throw new EngineError('torrent-error', torrent.error ?? 'the torrent failed');
  if (torrent.state === 'initializing') throw new EngineError('not-ready', `${torrent.details.name} is checked`);
}

function changed(torrent: FakeTorrent, signal: AbortSignal): Promise<void> {
  return untilAborted(signal, resolve => torrent.onChange(resolve));
}
