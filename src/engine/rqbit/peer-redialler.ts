import { sleep } from '../../util/abortable.ts';
import { Backoff } from '../../util/backoff.ts';
import type { Logger } from '../../util/logger.ts';
import { EngineError } from '../errors.ts';
import type { InfoHash } from '../torrent.ts';
import type { RqbitClient } from './client.ts';
import { socketAddresses } from './socket-addresses.ts';

/**
 * Dials the peers that we were told of again while a reader waits and no peer is connected. rqbit itself tries a lost peer
 * after ten seconds, then after a minute, after six, up to an hour, and ignores who tells it of a peer that it knows; but a
 * torrent that is paused and started has forgotten its peers. Streams survive that. Torrents without such peers are left
 * alone: trackers and DHT bring theirs, and would be asked anew each time.
 */
export class PeerRedialler {
  readonly #client: RqbitClient;
  readonly #logger: Logger;
  readonly #firstMs: number;
  readonly #torrents = new Map<InfoHash, Lonely>();
  readonly #stopping = new AbortController();

  constructor(components: { readonly client: RqbitClient; readonly logger: Logger }, options = { firstMs: 10_000 }) {
    this.#client = components.client;
    this.#logger = components.logger;
    this.#firstMs = options.firstMs;
  }

  /** @param peers `host:port`, beside those noted before */
  note(infoHash: InfoHash, peers: readonly string[]): void {
    if (peers.length === 0) return;
    const lonely = this.#torrents.get(infoHash);
    if (lonely === undefined) this.#torrents.set(infoHash, this.#patient(new Set(peers)));
    else for (const peer of peers) lonely.peers.add(peer);
  }

  forget(infoHash: InfoHash): void {
    this.#torrents.delete(infoHash);
  }

  /** A reader of the torrent has waited a while, and this many peers are connected. */
  observe(infoHash: InfoHash, connectedPeers: number): void {
    const lonely = this.#torrents.get(infoHash);
    if (lonely === undefined || lonely.isDialling) return;
    const now = performance.now();
    const isNews = lonely.seenAt === undefined || now - lonely.seenAt > this.#firstMs;
    lonely.seenAt = now;
    if (connectedPeers > 0 || isNews) {
      lonely.nextAt = now + this.#firstMs;
      lonely.waitMs = this.#firstMs;
    } else if (now >= lonely.nextAt) {
      lonely.waitMs = Math.min(lonely.waitMs * 1.5, LONGEST_MS);
      lonely.nextAt = now + lonely.waitMs;
      void this.#redial(infoHash, lonely);
    }
  }

  /** Whether the torrent is paused by us for a moment. */
  isDialling(infoHash: InfoHash): boolean {
    return this.#torrents.get(infoHash)?.isDialling ?? false;
  }

  stop(): void {
    this.#stopping.abort(new EngineError('stopped', 'the engine was stopped'));
  }

  async #redial(infoHash: InfoHash, lonely: Lonely): Promise<void> {
    const { signal } = this.#stopping;
    lonely.isDialling = true;
    try {
      await this.#client.pause(infoHash, { signal });
      await this.#startForSure(infoHash);
      await this.#client.addPeers(infoHash, await socketAddresses([...lonely.peers]), { signal });
      this.#logger.debug(
        { infoHash, peers: [...lonely.peers] },
        'a reader waits without peers; those given were dialled again',
      );
    } catch (error) {
      if (!signal.aborted) this.#logger.debug({ infoHash, error }, 'the peers of a torrent could not be dialled again');
    } finally {
      lonely.isDialling = false;
    }
  }

  /** What we paused must not stay so because the server was away for a moment. */
  async #startForSure(infoHash: InfoHash): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff({ initialMs: 100, maxMs: 5000 });
    for (;;) {
      try {
        return await this.#client.start(infoHash, { signal });
      } catch (error) {
        if (!(error instanceof EngineError) || !error.isTransient) throw error;
      }
      await sleep(backoff.nextMs(), signal);
    }
  }

  #patient(peers: Set<string>): Lonely {
    return { peers, seenAt: undefined, nextAt: 0, waitMs: this.#firstMs, isDialling: false };
  }
}

/** A peer that is away for long is found within a minute of its return. */
const LONGEST_MS = 60_000;

interface Lonely {
  readonly peers: Set<string>;
  /** Last time that a reader was seen to wait. */
  seenAt: number | undefined;
  nextAt: number;
  waitMs: number;
  isDialling: boolean;
}
