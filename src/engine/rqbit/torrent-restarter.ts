import { sleep } from '../../util/abortable.ts';
import { Backoff } from '../../util/backoff.ts';
import { EngineError } from '../errors.ts';
import type { InfoHash } from '../torrent.ts';
import type { RqbitClient } from './client.ts';
import { socketAddresses } from './socket-addresses.ts';

/**
 * Pauses a torrent and starts it at once: rqbit forgets which peers it knows and which pieces it asked them for. Streams survive
 * that. The peers that we were told of are dialled again; trackers and DHT bring theirs.
 */
export class TorrentRestarter {
  readonly #client: RqbitClient;
  readonly #leaveMs: number;
  readonly #peers = new Map<InfoHash, Set<string>>();
  readonly #restarting = new Map<InfoHash, Promise<void>>();
  readonly #stopping = new AbortController();
  /** Fires a while after `#stopping`: what is paused is started again first. */
  readonly #leaving = new AbortController();

  /** @param leaveMs how long `stop` waits for the server to start again what is paused */
  constructor({ client }: { readonly client: RqbitClient }, leaveMs = LEAVE_MS) {
    this.#client = client;
    this.#leaveMs = leaveMs;
  }

  /** @param peers `host:port`, beside those noted before */
  note(infoHash: InfoHash, peers: readonly string[]): void {
    if (peers.length > 0) this.#peers.set(infoHash, new Set([...(this.#peers.get(infoHash) ?? []), ...peers]));
  }

  forget(infoHash: InfoHash): void {
    this.#peers.delete(infoHash);
  }

  /** Those noted for the torrent, `host:port`. */
  peersOf(infoHash: InfoHash): ReadonlySet<string> {
    return this.#peers.get(infoHash) ?? noPeers;
  }

  /** Whether the torrent is paused by us for a moment. */
  isRestarting(infoHash: InfoHash): boolean {
    return this.#restarting.has(infoHash);
  }

  /** Resolves when the torrent is not paused by us any more. Never rejects. */
  async finished(infoHash: InfoHash): Promise<void> {
    await this.#restarting.get(infoHash)?.catch(() => {});
  }

  /** @throws EngineError; then it runs, or is as others left it */
  restart(infoHash: InfoHash): Promise<void> {
    const running = this.#restarting.get(infoHash);
    if (running !== undefined) return running;
    const restart = this.#restart(infoHash).finally(() => this.#restarting.delete(infoHash));
    this.#restarting.set(infoHash, restart);
    return restart;
  }

  /** Resolves when no torrent is paused by us any more, or the server does not answer. */
  async stop(): Promise<void> {
    const reason = new EngineError('stopped', 'the engine was stopped');
    this.#stopping.abort(reason);
    const timer = setTimeout(() => this.#leaving.abort(reason), this.#leaveMs);
    await Promise.allSettled(this.#restarting.values());
    clearTimeout(timer);
  }

  async #restart(infoHash: InfoHash): Promise<void> {
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    await this.#pause(infoHash);
    await this.#startForSure(infoHash);
    signal.throwIfAborted();
    const peers = await socketAddresses([...this.peersOf(infoHash)]);
    if (peers.length > 0) await this.#client.addPeers(infoHash, peers, { signal });
  }

  async #pause(infoHash: InfoHash): Promise<void> {
    try {
      await this.#client.pauseOnce(infoHash, this.#leaving);
    } catch (error) {
      // What was sent may have been done, though nobody said so.
      if (!(error instanceof EngineError) || !error.isTransient || error.code === 'breaker-open') throw error;
    }
  }

  /** What we paused must not stay so because the server was away for a moment. */
  async #startForSure(infoHash: InfoHash): Promise<void> {
    const { signal } = this.#leaving;
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
}

/** For a server that answers it is a moment; one that does not must not hold up the end of the mount for long. */
const LEAVE_MS = 2000;

const noPeers: ReadonlySet<string> = new Set();
