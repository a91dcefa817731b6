import { pieceSize } from '../payload-layout.ts';
import type { TorrentDetails, TorrentFile } from '../torrent.ts';
import type { DataExtents } from './data-extents.ts';
import { HeldPieces } from './held-pieces.ts';
import { PayloadStore } from './payload-store.ts';
import { isPieceRight, verifyPayload } from './piece-verifier.ts';
import { SecondLooks } from './second-looks.ts';
import type { WholeFile } from './thread-messages.ts';
import { WholeFiles } from './whole-files.ts';
import { WorkQueue } from './work-queue.ts';

export interface CheckedPayloadComponents {
  readonly details: TorrentDetails;
  /** Where the files are. */
  readonly folder: string;
  readonly extents: DataExtents;
  /** Ends checks, and writes that have not begun. */
  readonly signal: AbortSignal;
  readonly events: CheckedPayloadEvents;
}

export interface CheckedPayloadEvents {
  readonly onHeld: () => void;
  /** The piece was held and is gone from the disk. */
  readonly onLost: (piece: number) => void;
  readonly onWhole: (files: readonly WholeFile[]) => void;
}

/** What of one torrent is on disk and right: found there by a check, or written when it came. Whatever fails here is the disk. */
export class CheckedPayload {
  readonly held: HeldPieces;
  readonly #components: CheckedPayloadComponents;
  readonly #store: PayloadStore;
  readonly #whole: WholeFiles;
  readonly #looks = new SecondLooks(piece => this.#lookAgain(piece));
  readonly #writes = new WorkQueue(WRITES_AT_ONCE);
  #heldBytes = 0;
  /** Of the check, until it is done. */
  #checkedBytes: number | undefined = 0;

  constructor(components: CheckedPayloadComponents) {
    const { details, folder } = components;
    this.held = new HeldPieces(details.pieceCount);
    this.#components = components;
    this.#store = new PayloadStore(folder, details, () => this.held.doubt());
    this.#whole = new WholeFiles(details, this.#store);
  }

  get isChecked(): boolean {
    return this.#checkedBytes === undefined;
  }

  /** Bytes that are held; before the check is done, those it has looked at. */
  get progressBytes(): number {
    return this.#checkedBytes ?? this.#heldBytes;
  }

  /**
   * Finds out what is held.
   *
   * @param neededNext pieces that somebody waits for, to be looked at before their turn
   */
  async check(neededNext: () => readonly number[]): Promise<void> {
    const { details, extents, signal } = this.#components;
    await this.#store.makeEmptyFiles();
    await verifyPayload(
      { details, extents, store: this.#store, held: this.held },
      {
        signal,
        wanted: neededNext,
        onHeld: piece => this.#countHeld(piece),
        onProgress: bytes => {
          this.#checkedBytes = bytes;
        },
      },
    );
    this.#checkedBytes = undefined;
    this.#tellWhole(details.files, piece => this.held.has(piece));
  }

  /** Writes a piece whose hash is right; it is held when this resolves. */
  async keep(piece: number, bytes: Uint8Array): Promise<void> {
    await this.#writes.run(() => this.#store.writePiece(piece, bytes), this.#components.signal);
    // Before the bit is set: whoever sees it may ask for the file's state.
    this.#tellWhole(this.#store.filesOf(piece), other => other === piece || this.held.has(other));
    this.held.add(piece);
    this.#countHeld(piece);
  }

  /** Looks again at pieces `[first, end)`, whose bytes were not where they should be. See {@link SecondLooks.at}. */
  async recheck(first: number, end: number, signal: AbortSignal): Promise<void> {
    this.#store.closeForReading();
    await this.#looks.at(first, end, signal);
  }

  /** Somebody is about to read the file: what is held is in doubt once this resolves if anybody else has written to it. */
  lookAt(fileIndex: number): Promise<void> {
    return this.#store.lookAt(fileIndex);
  }

  /** Bytes of the torrent; rejects when they are not on disk. */
  async read(start: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    if (!(await this.#store.read(bytes, start))) throw new Error('the payload is not on disk');
    return bytes;
  }

  close(): void {
    this.#store.close();
  }

  async #lookAgain(piece: number): Promise<void> {
    const { details, events } = this.#components;
    if (!this.held.has(piece) || (await isPieceRight({ details, store: this.#store }, piece))) return;
    if (!this.held.has(piece)) return; // a look that began earlier found that out meanwhile
    this.held.remove(piece);
    this.#heldBytes -= pieceSize(details, piece);
    events.onLost(piece);
  }

  #countHeld(piece: number): void {
    this.#heldBytes += pieceSize(this.#components.details, piece);
    this.#components.events.onHeld();
  }

  #tellWhole(files: Iterable<TorrentFile>, isHeld: (piece: number) => boolean): void {
    const whole = this.#whole.among(files, isHeld);
    if (whole.length > 0) this.#components.events.onWhole(whole);
  }
}

/** All in the order of their arrival: side by side, the piece that a reader waits for would be as late as the last. */
const WRITES_AT_ONCE = 2;
