import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { InfoHash } from '../torrent.ts';
import type { TorrentRestarter } from './torrent-restarter.ts';

/**
 * Frees pieces that rqbit believes to be on their way and are not. When nothing is selected and the last stream ends, it hangs up
 * on peers that hold everything, and forgets to give back what it had asked of them: the next reader of such a piece waits for
 * the same peer to be lost again, 20 s. A torrent that is restarted has forgotten what it asked for.
 */
export class StuckFetches {
  readonly #restarter: Pick<TorrentRestarter, 'restart'>;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #torrents = new Map<InfoHash, Watched>();

  constructor(components: {
    readonly restarter: Pick<TorrentRestarter, 'restart'>;
    readonly logger: Logger;
    readonly clock: Clock;
  }) {
    this.#restarter = components.restarter;
    this.#logger = components.logger;
    this.#clock = components.clock;
  }

  forget(infoHash: InfoHash): void {
    this.#torrents.delete(infoHash);
  }

  /**
   * A reader waits, peers are connected, and rqbit thinks that it has all that is selected.
   *
   * @param fetchedBytes of the torrent, from peers
   */
  observe(infoHash: InfoHash, fetchedBytes: number): void {
    const now = this.#clock.now();
    const before = this.#torrents.get(infoHash);
    const isWaiting = before?.fetchedBytes === fetchedBytes && now - before.seenAt < FORGOTTEN_MS;
    const watched = {
      fetchedBytes,
      seenAt: now,
      since: isWaiting ? before.since : now,
      nextAt: before?.nextAt ?? 0,
      waitMs: before?.waitMs ?? FIRST_WAIT_MS,
    };
    this.#torrents.set(infoHash, watched);
    if (now - watched.since < STUCK_MS || now < watched.nextAt) return;
    watched.nextAt = now + watched.waitMs;
    watched.waitMs = Math.min(watched.waitMs * 2, LONGEST_WAIT_MS);
    void this.#free(infoHash);
  }

  async #free(infoHash: InfoHash): Promise<void> {
    try {
      await this.#restarter.restart(infoHash);
      this.#logger.debug(
        { infoHash },
        'a reader waits and nothing comes from connected peers; the torrent was restarted',
      );
    } catch (error) {
      this.#logger.debug({ infoHash, error }, 'a torrent from which nothing comes could not be restarted');
    }
  }
}

/** For so long nothing comes before a torrent is restarted. */
const STUCK_MS = 1500;
/** Readers that wait are seen every two seconds. */
const FORGOTTEN_MS = 5000;
/** Peers that choke us for long should not be left over and over: we would never come to the head of their queue. */
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 600_000;

interface Watched {
  readonly fetchedBytes: number;
  /** Last time that a reader was seen to wait. */
  readonly seenAt: number;
  /** Since when nothing has come. */
  readonly since: number;
  /** No restart before. */
  nextAt: number;
  waitMs: number;
}
