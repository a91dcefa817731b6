import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { InfoHash } from '../torrent.ts';
import type { TorrentRestarter } from './torrent-restarter.ts';

/**
 * Dials the peers that we were told of again while a reader waits and no peer is connected. rqbit itself tries a lost peer
 * after ten seconds, then after a minute, after six, up to an hour, and ignores who tells it of a peer that it knows; but a
 * torrent that is restarted has forgotten its peers. Torrents without such peers are left alone: trackers and DHT bring theirs,
 * and would be asked anew each time.
 */
export class PeerRedialler {
  readonly #restarter: TorrentRestarter;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #torrents = new Map<InfoHash, Lonely>();

  constructor(components: {
    readonly restarter: TorrentRestarter;
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

  /** A reader of the torrent has waited a while, and this many peers are connected. */
  observe(infoHash: InfoHash, connectedPeers: number): void {
    if (this.#restarter.peersOf(infoHash).size === 0 || this.#restarter.isRestarting(infoHash)) return;
    const now = this.#clock.now();
    const lonely = this.#torrents.get(infoHash) ?? { seenAt: undefined, nextAt: 0, waitMs: FIRST_MS };
    this.#torrents.set(infoHash, lonely);
    const isNews = lonely.seenAt === undefined || now - lonely.seenAt > FIRST_MS;
    lonely.seenAt = now;
    if (connectedPeers > 0 || isNews) {
      lonely.nextAt = now + FIRST_MS;
      lonely.waitMs = FIRST_MS;
    } else if (now >= lonely.nextAt) {
      lonely.waitMs = Math.min(lonely.waitMs * 1.5, LONGEST_MS);
      lonely.nextAt = now + lonely.waitMs;
      void this.#redial(infoHash);
    }
  }

  async #redial(infoHash: InfoHash): Promise<void> {
    try {
      await this.#restarter.restart(infoHash);
      this.#logger.debug({ infoHash }, 'a reader waits without peers; those given were dialled again');
    } catch (error) {
      this.#logger.debug({ infoHash, error }, 'the peers of a torrent could not be dialled again');
    }
  }
}

/** Before peers are dialled again. */
const FIRST_MS = 10_000;
/** A peer that is away for long is found within a minute of its return. */
const LONGEST_MS = 60_000;

interface Lonely {
  /** Last time that a reader was seen to wait. */
  seenAt: number | undefined;
  nextAt: number;
  waitMs: number;
}
