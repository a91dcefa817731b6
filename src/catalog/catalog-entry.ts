import { EngineError, type InfoHash, type TorrentDetails, type TorrentSummary } from '../engine/index.ts';
import { abortable } from '../util/abortable.ts';
import { Deferred } from '../util/deferred.ts';
import type { CatalogTorrent } from './catalog.ts';
import type { MetainfoStore } from './metainfo-store.ts';
import {
  observeSilence,
  observeState,
  type StateMemory,
  type StateTiming,
  type TorrentState,
} from './torrent-state.ts';

export interface CatalogEntryOptions {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly addedAtSeconds: number;
  readonly renamedTo: string | undefined;
  /** This mount added it, nobody else. */
  readonly own: boolean;
  readonly store: MetainfoStore;
  readonly nowMs: number;
}

/** A torrent of the mount, as it is now. */
export class CatalogEntry implements CatalogTorrent {
  readonly infoHash: InfoHash;
  readonly addedAtSeconds: number;
  name: string;
  renamedTo: string | undefined;
  own: boolean;
  lastError: EngineError | undefined;
  updatedAtMs: number;
  /** A poll that was asked before this one may not know of the torrent yet. */
  knownSincePoll = 0;
  readonly #store: MetainfoStore;
  #memory: StateMemory;
  #pendingAdd: PendingState | undefined;
  /** Remembered, so that a status of thousands of torrents reads no file. */
  #pieceCount: number | undefined;

  constructor(options: CatalogEntryOptions) {
    this.infoHash = options.infoHash;
    this.name = options.name;
    this.addedAtSeconds = options.addedAtSeconds;
    this.renamedTo = options.renamedTo;
    this.own = options.own;
    this.updatedAtMs = options.nowMs;
    this.#store = options.store;
    const state = this.hasMetadata ? 'initializing' : 'resolving';
    this.#memory = { state, wantedSinceMs: undefined, summary: undefined };
  }

  get hasMetadata(): boolean {
    return this.#store.has(this.infoHash);
  }

  get details(): TorrentDetails | undefined {
    const details = this.#store.details(this.infoHash);
    this.#pieceCount = details?.pieceCount;
    return details;
  }

  get pieceCount(): number | undefined {
    if (!this.hasMetadata) return undefined;
    return this.#pieceCount ?? this.details?.pieceCount;
  }

  get state(): TorrentState {
    return this.#memory.state;
  }

  get summary(): TorrentSummary | undefined {
    return this.#memory.summary;
  }

  /** The id of the pending add, while the engine has yet to take it. */
  get pendingId(): string | undefined {
    return this.#pendingAdd?.id;
  }

  /** The engine has yet to take it. */
  beginAdd(id: string): void {
    const accepted = this.#pendingAdd?.accepted ?? new Deferred<void>();
    accepted.promise.catch(() => {}); // most often nobody waits for it
    this.#pendingAdd = { id, accepted };
  }

  /** @param error why the engine will never take it; undefined when it did */
  endAdd(error?: EngineError): void {
    if (error === undefined) this.#pendingAdd?.accepted.resolve();
    else this.#pendingAdd?.accepted.reject(error);
    this.#pendingAdd = undefined;
  }

  async whenAccepted(signal: AbortSignal): Promise<void> {
    if (this.#pendingAdd !== undefined) await abortable(this.#pendingAdd.accepted.promise, signal);
  }

  /** @returns whether the state is another than before */
  observe(summary: TorrentSummary, nowMs: number, timing: StateTiming): boolean {
    const before = this.#memory.state;
    this.#memory = observeState(this.#memory, { summary, nowMs, hasMetadata: this.hasMetadata }, timing);
    this.updatedAtMs = nowMs;
    if (summary.state === 'error') this.lastError = torrentError(summary.error);
    else if (this.#pendingAdd === undefined) this.lastError = undefined;
    return this.#memory.state !== before;
  }

  /** @returns whether the state is another than before */
  observeSilence(polls: number): boolean {
    const before = this.#memory.state;
    this.#memory = observeSilence(this.#memory, polls);
    return this.#memory.state !== before;
  }

  /** The metadata has become known. */
  gainMetadata(name: string): void {
    this.name = name;
    if (this.#memory.state === 'resolving') this.#memory = { ...this.#memory, state: 'initializing' };
  }
}

interface PendingState {
  readonly id: string;
  readonly accepted: Deferred<void>;
}

function torrentError(reason: string | undefined): EngineError {
  return new EngineError('torrent-error', `${reason ?? 'the engine gave it up'}; resume it to try again`);
}
