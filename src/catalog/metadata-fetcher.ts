import { setMaxListeners } from 'node:events';
import type { Engine, EngineError, InfoHash, TorrentDetails } from '../engine/index.ts';
import { boundedCall } from './bounded-call.ts';
import { asEngineError } from './engine-commands.ts';
import type { MetainfoStore } from './metainfo-store.ts';
import { Turns } from './turns.ts';

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
  readonly #turns = new Turns(PARALLEL);
  readonly #stopping = new AbortController();
  readonly #fetches = new Map<InfoHash, Promise<void>>();
  readonly #retryAtMs = new Map<InfoHash, number>();

  constructor(options: MetadataFetcherOptions) {
    this.#options = options;
    setMaxListeners(0, this.#stopping.signal); // one for each torrent that waits
  }

  /** Does nothing when the torrent's metadata is on its way, or was not to be had a moment ago. To be asked at every poll. */
  want(infoHash: InfoHash): void {
    if (this.#stopping.signal.aborted || this.#fetches.has(infoHash)) return;
    if ((this.#retryAtMs.get(infoHash) ?? 0) > this.#options.now()) return;
    const fetch = this.#fetch(infoHash).finally(() => this.#fetches.delete(infoHash));
    this.#fetches.set(infoHash, fetch);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#fetches.values());
  }

  async #fetch(infoHash: InfoHash): Promise<void> {
    const { engine, store } = this.#options;
    const { signal } = this.#stopping;
    const turn = await this.#turns.take(signal);
    if (turn === undefined) return;
    try {
      const call = (bounded: AbortSignal) => engine.metainfo(infoHash, { signal: bounded });
      const bytes = await boundedCall(call, { signal, timeoutMs: TIMEOUT_MS });
      const details = store.put(bytes, { durable: false });
      this.#retryAtMs.delete(infoHash);
      this.#options.onFetched(details);
    } catch (error) {
      if (signal.aborted) return;
      this.#retryAtMs.set(infoHash, this.#options.now() + RETRY_AFTER_MS);
      this.#options.onFailed(infoHash, asEngineError(error));
    } finally {
      this.#turns.end(turn);
    }
  }
}

/** A 20 MiB .torrent takes a loaded server some seconds, and four at once leave it room for reads. */
const PARALLEL = 4;
const TIMEOUT_MS = 60_000;
const RETRY_AFTER_MS = 5000;
