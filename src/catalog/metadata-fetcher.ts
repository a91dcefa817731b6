import { asEngineError, type Engine, type EngineError, type InfoHash, type TorrentDetails } from '../engine/index.ts';
import { boundedCall } from './bounded-call.ts';
import type { MetainfoStore } from './metainfo-store.ts';

export interface MetadataFetcherOptions {
  readonly engine: Pick<Engine, 'metainfo'>;
  readonly store: MetainfoStore;
  readonly now: () => number;
  onFetched(details: TorrentDetails): void;
  onFailed(infoHash: InfoHash, error: EngineError): void;
}

/** Fetches the .torrent files of torrents that the engine lists and the mount has not seen, a few at a time. */
export class MetadataFetcher {
  readonly #options: MetadataFetcherOptions;
  readonly #stopping = new AbortController();
  /** Whose turn comes, in the order in which they were wanted: ten thousand of them must cost no more than their names. */
  readonly #waiting = new Set<InfoHash>();
  readonly #fetches = new Map<InfoHash, Promise<void>>();
  readonly #retryAtMs = new Map<InfoHash, number>();

  constructor(options: MetadataFetcherOptions) {
    this.#options = options;
  }

  /** Does nothing when the torrent's metadata is on its way, or was not to be had a moment ago. To be asked at every poll. */
  want(infoHash: InfoHash): void {
    if (this.#stopping.signal.aborted || this.#fetches.has(infoHash)) return;
    if ((this.#retryAtMs.get(infoHash) ?? 0) > this.#options.now()) return;
    this.#waiting.add(infoHash);
    this.#fetchNext();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waiting.clear();
    await Promise.all(this.#fetches.values());
  }

  #fetchNext(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#fetches.size >= PARALLEL) return;
    this.#waiting.delete(next);
    const fetch = this.#fetch(next).finally(() => {
      this.#fetches.delete(next);
      this.#fetchNext();
    });
    this.#fetches.set(next, fetch);
  }

  async #fetch(infoHash: InfoHash): Promise<void> {
    const { engine, store } = this.#options;
    const { signal } = this.#stopping;
    try {
      const call = (bounded: AbortSignal) => engine.metainfo(infoHash, { signal: bounded });
      const bytes = await boundedCall(call, { signal, timeoutMs: TIMEOUT_MS });
      const details = await store.putFetched(bytes);
      this.#options.onFetched(details);
    } catch (error) {
      if (signal.aborted) return;
      this.#waitBeforeRetry(infoHash);
      this.#options.onFailed(infoHash, asEngineError(error));
    }
  }

  #waitBeforeRetry(infoHash: InfoHash): void {
    const now = this.#options.now();
    // Also of torrents that are gone meanwhile, so that nobody has to tell.
    for (const [failed, retryAtMs] of this.#retryAtMs) if (retryAtMs <= now) this.#retryAtMs.delete(failed);
    this.#retryAtMs.set(infoHash, now + RETRY_AFTER_MS);
  }
}

/** A 20 MiB .torrent takes a loaded server some seconds, and four at once leave it room for reads. */
const PARALLEL = 4;
const TIMEOUT_MS = 60_000;
const RETRY_AFTER_MS = 5000;
