import type { EventEmitter } from 'node:events';
import type { TorrentDetails } from '../../src/engine/index.ts';
import { type Content, patternContent } from '../fixtures/content.ts';

/** Of the server that the torrent belongs to. */
export const SESSION_FOLDER = '/nowhere/on/this/machine';

export type FakeState = 'initializing' | 'live' | 'paused' | 'error';

/** A torrent of {@link LyingRqbit}: which pieces it holds, what it says of itself, and readers who wait for pieces. */
export class FakeRqbitTorrent {
  readonly id: number;
  readonly details: TorrentDetails;
  readonly bytes: Uint8Array;
  readonly peers: string[] = [];
  /** The bytes of the whole torrent, files end to end. */
  content: Content;
  state: FakeState = 'live';
  error: string | null = null;
  outputFolder: string;
  selected: ReadonlySet<number>;
  fetchedBytes = 0;
  readonly #held: boolean[];
  readonly #waiters = new Set<() => void>();
  #isGone = false;

  constructor(options: { id: number; details: TorrentDetails; bytes: Uint8Array }) {
    this.id = options.id;
    this.details = options.details;
    this.bytes = options.bytes;
    this.content = patternContent(options.details.totalLength);
    const { files, name } = options.details;
    this.outputFolder = files.length === 1 ? SESSION_FOLDER : `${SESSION_FOLDER}/${name}`;
    this.selected = new Set(options.details.files.map(file => file.index));
    this.#held = new Array<boolean>(options.details.pieceCount).fill(false);
  }

  change(state: FakeState): void {
    this.state = state;
  }

  hold(pieces: Iterable<number>): void {
    for (const piece of pieces) this.#held[piece] = true;
    this.#wakeReaders();
  }

  holdAll(): void {
    this.hold(this.#held.keys());
  }

  loseAll(): void {
    this.#held.fill(false);
  }

  select(files: readonly number[]): void {
    this.selected = new Set(files);
  }

  /** Forgotten: a reader who waits is never woken, as with rqbit. */
  end(): void {
    this.#isGone = true;
  }

  bitfield(): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.#held.length / 8));
    for (const [piece, isHeld] of this.#held.entries())
      if (isHeld) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7));
    return bits;
  }

  /** Bytes up to the end of the piece; waits for the piece, and gives undefined when the reader is gone. */
  async read(offset: number, length: number, reader: EventEmitter): Promise<Uint8Array | undefined> {
    const piece = Math.floor(offset / this.details.pieceLength);
    let isGone = false;
    reader.once('close', () => {
      isGone = true;
      this.#wakeReaders();
    });
    while (!this.#held[piece] || this.#isGone) {
      if (isGone) return undefined;
      await new Promise<void>(resolve => this.#waiters.add(resolve));
    }
    return this.content.read(offset, Math.min(length, (piece + 1) * this.details.pieceLength - offset));
  }

  detailsJson() {
    const files = this.details.files.map(file => ({
      name: file.path.join('/'),
      components: file.path,
      length: file.length,
      included: this.selected.has(file.index),
      attributes: {
        symlink: file.symlinkTarget !== undefined,
        hidden: file.hidden,
        padding: file.padding,
        executable: file.executable,
      },
    }));
    return { ...this.#identity(), files };
  }

  listRow(withStats: boolean) {
    return withStats ? { ...this.#identity(), stats: this.statsJson() } : this.#identity();
  }

  statsJson() {
    const isChecked = this.state === 'live' || this.state === 'paused';
    const wanted = this.#selectedPieces();
    const selectedBytes = sum(wanted.map(piece => this.#pieceBytes(piece)));
    const missing = wanted.filter(piece => !this.#held[piece]);
    const progress = selectedBytes - sum(missing.map(piece => this.#pieceBytes(piece)));
    return {
      state: this.state,
      ...(this.state === 'initializing' ? { initializing_paused: false } : {}),
      file_progress: isChecked ? this.details.files.map(file => file.length) : [],
      error: this.state === 'error' ? (this.error ?? 'disk on fire\n  caused by: test') : null,
      progress_bytes: isChecked ? progress : 0,
      uploaded_bytes: 0,
      total_bytes: isChecked ? selectedBytes : this.details.totalLength,
      finished: isChecked && missing.length === 0,
      live: this.state === 'live' ? this.#liveJson() : null,
    };
  }

  #liveJson() {
    const held = this.#held.filter(Boolean).length;
    return {
      snapshot: {
        downloaded_and_checked_bytes: this.fetchedBytes,
        fetched_bytes: this.fetchedBytes,
        uploaded_bytes: 0,
        downloaded_and_checked_pieces: held,
        total_piece_download_ms: 0,
        peer_stats: {
          queued: 0,
          connecting: 0,
          live: 2,
          live_tcp: 2,
          live_utp: 0,
          live_socks: 0,
          seen: 5,
          dead: 0,
          not_needed: 0,
          steals: 0,
        },
      },
      average_piece_download_time: null,
      download_speed: { mbps: 1.5, human_readable: '1.50 MiB/s' },
      upload_speed: { mbps: 0, human_readable: '0.00 MiB/s' },
      time_remaining: null,
    };
  }

  #identity() {
    const { infoHash, name, pieceCount } = this.details;
    return {
      id: this.id,
      info_hash: infoHash,
      name: name === '' ? null : name,
      output_folder: this.outputFolder,
      total_pieces: pieceCount,
    };
  }

  #selectedPieces(): number[] {
    const { files, pieceLength } = this.details;
    const pieces = new Set<number>();
    for (const file of files) {
      if (!this.selected.has(file.index) || file.padding || file.length === 0) continue;
      const last = Math.floor((file.offset + file.length - 1) / pieceLength);
      for (let piece = Math.floor(file.offset / pieceLength); piece <= last; piece++) pieces.add(piece);
    }
    return [...pieces];
  }

  #pieceBytes(piece: number): number {
    const { pieceLength, totalLength } = this.details;
    return Math.min(pieceLength, totalLength - piece * pieceLength);
  }

  #wakeReaders(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
