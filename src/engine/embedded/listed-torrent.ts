import { join } from 'node:path';
import { EngineError } from '../errors.ts';
import type { FileState } from '../file-state.ts';
import { parseMetainfo } from '../metainfo.ts';
import type { EngineTorrentState, InfoHash, TorrentDetails } from '../torrent.ts';
import { HeldPieces } from './held-pieces.ts';
import { payloadPaths } from './payload-paths.ts';
import type { FromThread, WholeFile } from './thread-messages.ts';
import { Wakeups } from './wakeups.ts';

/** Where a torrent's files are. */
export interface TorrentLayout {
  readonly details: TorrentDetails;
  /** Absolute path by file index; undefined for padding and symlinks. */
  readonly paths: readonly (string | undefined)[];
}

/** What the main thread knows of a torrent on the list. */
export class ListedTorrent {
  readonly infoHash: InfoHash;
  readonly held: HeldPieces;
  /** Woken when pieces arrive and when the state changes. */
  readonly changes = new Wakeups();
  readonly #folder: string;
  #state: EngineTorrentState;
  #error: string | undefined;
  readonly #checkedStates = new Map<number, FileState>();
  #layout: Promise<TorrentLayout> | undefined;

  /** @param folder the folder of all torrents */
  constructor(notice: Extract<FromThread, { kind: 'torrent' }>, folder: string) {
    this.infoHash = notice.infoHash;
    this.held = new HeldPieces(notice.pieceCount, notice.held);
    this.#folder = join(folder, notice.infoHash, 'files');
    this.#state = notice.state;
    this.#error = notice.error;
  }

  setState(state: EngineTorrentState, error: string | undefined): void {
    this.#state = state;
    this.#error = error;
    this.changes.wake();
  }

  setWhole(files: readonly WholeFile[]): void {
    for (const { fileIndex, state } of files) this.#checkedStates.set(fileIndex, state);
  }

  /** See `LocalFile.checkedState`. */
  checkedState(fileIndex: number): FileState | undefined {
    return this.#checkedStates.get(fileIndex);
  }

  /** Whether what is missing may come. */
  get isFetching(): boolean {
    return this.#state !== 'paused' && this.#state !== 'error';
  }

  /** @throws EngineError `paused`, `torrent-error` when nobody fetches what is missing */
  assertFetching(): void {
    if (this.#state === 'paused') {
      throw new EngineError('paused', 'the torrent is paused and these bytes are missing; resume it to fetch them');
    }
    if (this.#state === 'error') throw new EngineError('torrent-error', this.#error ?? 'the torrent failed; resume it');
  }

  /** Read once. */
  layout(readMetainfo: () => Promise<Uint8Array>): Promise<TorrentLayout> {
    this.#layout ??= this.#readLayout(readMetainfo).catch(error => {
      this.#layout = undefined;
      throw error;
    });
    return this.#layout;
  }

  async #readLayout(readMetainfo: () => Promise<Uint8Array>): Promise<TorrentLayout> {
    const details = parseMetainfo(await readMetainfo());
    const paths = payloadPaths(details.files).map(path => (path === undefined ? undefined : join(this.#folder, path)));
    return { details, paths };
  }
}
