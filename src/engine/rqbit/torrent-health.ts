import { abortable } from '../../util/abortable.ts';
import type { Clock } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import { EngineError } from '../errors.ts';
import type { InfoHash } from '../torrent.ts';
import type { RqbitClient } from './client.ts';
import { PeerRedialler } from './peer-redialler.ts';
import { oneLine, type RqbitStats } from './schemas.ts';
import { StuckFetches } from './stuck-fetches.ts';
import type { TorrentRestarter } from './torrent-restarter.ts';

/**
 * Why a stream does not deliver. rqbit answers 500 to nearly everything and lets a reader of a missing piece wait for ever, so
 * the torrent's state is asked for; many readers of one torrent share an answer.
 */
export class TorrentHealth {
  readonly #client: RqbitClient;
  readonly #restarter: TorrentRestarter;
  readonly #redialler: PeerRedialler;
  readonly #stuck: StuckFetches;
  readonly #recent = new Map<InfoHash, Promise<RqbitStats>>();
  readonly #halted = new Set<InfoHash>();
  readonly #stopping = new AbortController();

  constructor(components: {
    readonly client: RqbitClient;
    readonly logger: Logger;
    readonly restarter: TorrentRestarter;
    readonly clock: Clock;
  }) {
    this.#client = components.client;
    this.#restarter = components.restarter;
    this.#redialler = new PeerRedialler(components);
    this.#stuck = new StuckFetches(components);
  }

  /**
   * For a stream that was refused.
   *
   * @returns whether the torrent initializes, so that the stream may be had later
   * @throws EngineError `paused`, `torrent-error`, `not-found`, or what keeps the server from answering
   */
  async checkRefused(infoHash: InfoHash, signal: AbortSignal): Promise<boolean> {
    const stats = await this.#stats(infoHash, signal);
    throwIfGivenUp(infoHash, stats);
    if (stats.initializing_paused === true) throw paused(infoHash);
    return stats.state === 'initializing';
  }

  /**
   * For a stream that waits for bytes. A torrent that waits in vain may have its peers dialled again, or be started anew.
   *
   * @throws EngineError when nobody fetches them, like {@link checkRefused}
   */
  async noteStalled(infoHash: InfoHash, signal: AbortSignal): Promise<Fetching> {
    const stats = await this.#stats(infoHash, signal);
    throwIfGivenUp(infoHash, stats);
    const isPaused = stats.state === 'paused' || stats.initializing_paused === true;
    if (isPaused && !this.#restarter.isRestarting(infoHash)) throw paused(infoHash);
    const connectedPeers = stats.live?.snapshot.peer_stats.live ?? 0;
    this.#redialler.observe(infoHash, connectedPeers);
    const fetchedBytes = stats.live?.snapshot.fetched_bytes;
    if (stats.finished && fetchedBytes !== undefined && connectedPeers > 0) this.#stuck.observe(infoHash, fetchedBytes);
    return { fetchedBytes, connectedPeers };
  }

  /** What rqbit lists says of a torrent. */
  listed(infoHash: InfoHash, { state }: Pick<RqbitStats, 'state'>): void {
    if (state === 'paused' || state === 'error') this.#halted.add(infoHash);
    else this.#halted.delete(infoHash);
  }

  /** The torrent is gone. */
  forget(infoHash: InfoHash): void {
    this.#halted.delete(infoHash);
    this.#redialler.forget(infoHash);
    this.#stuck.forget(infoHash);
  }

  /** Whether nothing was fetched of it when it was last listed: then a stream without a byte need not be given time. */
  isHalted(infoHash: InfoHash): boolean {
    return this.#halted.has(infoHash);
  }

  stop(): void {
    this.#stopping.abort(new EngineError('stopped', 'the engine was stopped'));
  }

  #stats(infoHash: InfoHash, signal: AbortSignal): Promise<RqbitStats> {
    let answer = this.#recent.get(infoHash);
    if (answer === undefined) {
      answer = this.#client.stats(infoHash, { signal: this.#stopping.signal });
      this.#recent.set(infoHash, answer);
      const forget = () => setTimeout(() => this.#recent.delete(infoHash), KEPT_MS).unref();
      answer.then(forget, forget);
    }
    return abortable(answer, signal);
  }
}

/** What a torrent does for those who wait for it. */
interface Fetching {
  /** From peers, since it became live; of any piece. Undefined while it is not. */
  readonly fetchedBytes: number | undefined;
  readonly connectedPeers: number;
}

/** Twenty readers that stall together ask once; a state that changed is seen by the next question, two seconds later. */
const KEPT_MS = 1000;

function throwIfGivenUp(infoHash: InfoHash, stats: RqbitStats): void {
  if (stats.state !== 'error') return;
  const reason = stats.error === null ? 'it does not say why' : oneLine(stats.error);
  throw new EngineError('torrent-error', `rqbit gave torrent ${infoHash} up: ${reason}; resume it to try again`);
}

function paused(infoHash: InfoHash): EngineError {
  return new EngineError('paused', `torrent ${infoHash} is paused in rqbit and the bytes are missing; resume it`);
}
