import { setMaxListeners } from 'node:events';
import { sleep } from '../../util/abortable.ts';
import { Backoff } from '../../util/backoff.ts';
import type { Logger } from '../../util/logger.ts';
import type { WaitOptions } from '../engine.ts';
import { EngineError } from '../errors.ts';
import type { InfoHash } from '../torrent.ts';
import type { RqbitClient } from './client.ts';
import type { TorrentRestarter } from './torrent-restarter.ts';

export interface TorrentSetupComponents {
  readonly client: Pick<RqbitClient, 'stats' | 'updateOnlyFiles'>;
  readonly logger: Logger;
  readonly restarter: Pick<TorrentRestarter, 'restart'>;
  /** A torrent was set up. */
  readonly onChange: () => void;
}

/** What can be done with a new torrent only after rqbit has checked what is on disk. */
export class TorrentSetup {
  readonly #components: TorrentSetupComponents;
  readonly #onDemand: boolean;
  readonly #running = new Map<InfoHash, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(components: TorrentSetupComponents, { onDemand }: { readonly onDemand: boolean }) {
    this.#components = components;
    this.#onDemand = onDemand;
    setMaxListeners(0, this.#stopping.signal); // every new torrent that is set up listens
  }

  /** In the background; what fails is logged. */
  begin(infoHash: InfoHash): void {
    const task: Promise<void> = this.#setUp(infoHash)
      .catch(error => {
        if (this.#stopping.signal.aborted) return;
        this.#components.logger.warn({ infoHash, error }, 'a new torrent was not set up in rqbit');
      })
      .finally(() => {
        if (this.#running.get(infoHash) === task) this.#running.delete(infoHash);
      });
    this.#running.set(infoHash, task);
  }

  /** Resolves when the torrent is not being set up any more. Never rejects. */
  async finished(infoHash: InfoHash): Promise<void> {
    await this.#running.get(infoHash);
  }

  /** Resolves when rqbit has looked at what is on disk. @throws EngineError, unless waiting may help; the signal's reason */
  async untilChecked(infoHash: InfoHash, { signal }: WaitOptions): Promise<void> {
    // At once at first: what downloads although nobody asked for it begins to do so when the check ends.
    const backoff = new Backoff({ initialMs: 20, maxMs: 2000 });
    for (;;) {
      try {
        const { state } = await this.#components.client.stats(infoHash, { signal });
        if (state !== 'initializing') return;
      } catch (error) {
        if (!(error instanceof EngineError) || !error.isTransient) throw error;
      }
      await sleep(backoff.nextMs(), signal);
    }
  }

  /** Resolves when no torrent is being set up any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new EngineError('stopped', 'the engine was stopped'));
    await Promise.all(this.#running.values());
  }

  async #setUp(infoHash: InfoHash): Promise<void> {
    const { client, restarter, onChange } = this.#components;
    const { signal } = this.#stopping;
    await this.untilChecked(infoHash, { signal });
    if (this.#onDemand) {
      await client.updateOnlyFiles(infoHash, [], { signal });
      // Peers were asked for pieces meanwhile, which rqbit would not let others have, see `StuckFetches`.
      await restarter.restart(infoHash);
    }
    onChange();
  }
}
