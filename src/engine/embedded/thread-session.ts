import { currentOsThread } from '../../util/os-thread.ts';
import { EngineError } from '../errors.ts';
import { diskError } from './disk-error.ts';
import { SwarmClient } from './swarm-client.ts';
import { ThreadLogger } from './thread-logger.ts';
import type { FromThread, ThreadMethod, ThreadMethods, ThreadOptions, ToThread } from './thread-messages.ts';
import { TorrentList } from './torrent-list.ts';

type Handlers = {
  [M in ThreadMethod]: (
    argument: Parameters<ThreadMethods[M]>[0],
    signal: AbortSignal,
  ) => Promise<ReturnType<ThreadMethods[M]>>;
};

/** The engine thread's whole work: answers the calls that the main thread makes, over the list of torrents. */
export class ThreadSession {
  readonly #options: ThreadOptions;
  readonly #post: (message: FromThread) => void;
  readonly #logger: ThreadLogger;
  readonly #torrents: TorrentList;
  readonly #calls = new Map<number, AbortController>();
  readonly #handlers: Handlers;
  #swarm: SwarmClient | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: ThreadOptions, post: (message: FromThread) => void) {
    this.#options = options;
    this.#post = post;
    this.#logger = new ThreadLogger(post);
    const torrents = new TorrentList({ options, swarm: () => this.#requireSwarm(), logger: this.#logger, post });
    this.#torrents = torrents;
    this.#handlers = {
      start: () => this.#start(),
      list: async () => torrents.summaries(),
      addMetainfo: async ({ infoHash, bytes, peers }) => void (await torrents.addMetainfo(infoHash, bytes, peers)),
      addMagnet: async (magnet, signal) => void (await torrents.addMagnet(magnet, signal)),
      forget: async ({ infoHash }) => void (await torrents.forget(infoHash)),
      delete: async ({ infoHash }) => void (await torrents.delete(infoHash)),
      pause: async ({ infoHash }) => void (await torrents.require(infoHash).pause()),
      resume: async ({ infoHash }) => void (await torrents.require(infoHash).resume()),
      setFileWishes: async ({ infoHash, wishes }) => void torrents.require(infoHash).setFileWishes(wishes),
      metainfo: async ({ infoHash }) => torrents.require(infoHash).metainfo,
      holders: async ({ infoHash, pieces }) => torrents.require(infoHash).holders(pieces),
      lookAt: async ({ infoHash, fileIndex }) => void (await torrents.require(infoHash).lookAt(fileIndex)),
      recheck: async ({ infoHash, first, end }, signal) =>
        void (await torrents.require(infoHash).recheck(first, end, signal)),
      stop: () => this.#stop(),
    };
  }

  receive(message: ToThread): void {
    switch (message.kind) {
      case 'call':
        void this.#answer(message.id, signal => this.#call(message.method, message.argument, signal));
        return;
      case 'abandon':
        this.#calls.get(message.id)?.abort(new EngineError('stopped', 'nobody waits for this any more'));
        return;
      case 'demand':
        this.#torrents.get(message.infoHash)?.demand(message.demand, message);
        return;
      case 'ahead':
        this.#torrents.get(message.infoHash)?.fetchAhead(message.ranges);
        return;
      case 'drop':
        this.#torrents.get(message.infoHash)?.drop(message.demand);
        return;
      default:
        message satisfies never;
    }
  }

  /** A peer's bytes made webtorrent throw where nobody catches: that must not take the other torrents down. */
  survive(error: unknown): void {
    this.#logger.warn({ error: String(error instanceof Error ? error.stack : error) }, 'the swarm code failed');
  }

  #call<M extends ThreadMethod>(method: M, argument: Parameters<ThreadMethods[M]>[0], signal: AbortSignal) {
    return this.#handlers[method](argument, signal);
  }

  async #answer(id: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const abandoned = new AbortController();
    this.#calls.set(id, abandoned);
    try {
      this.#post({ kind: 'result', id, result: await work(abandoned.signal) });
    } catch (error) {
      const failure = diskError(error);
      this.#post({ kind: 'failure', id, code: failure.code, message: failure.message });
    } finally {
      this.#calls.delete(id);
    }
  }

  async #start(): Promise<ReturnType<ThreadMethods['start']>> {
    this.#swarm = await SwarmClient.start(this.#options, error => this.#onSwarmFailure(error));
    this.#torrents.reopen();
    this.#ticker = setInterval(() => this.#torrents.tick(), TICK_MS);
    return { listenPort: this.#swarm.listenPort, osThread: currentOsThread() };
  }

  /** The main thread sees the thread's end, and tells all who wait. */
  #onSwarmFailure(error: Error): void {
    this.#logger.error({ reason: error.message }, 'the swarm client failed');
    process.exit(1);
  }

  async #stop(): Promise<undefined> {
    clearInterval(this.#ticker);
    await this.#torrents.stop();
    await this.#swarm?.stop();
    return undefined;
  }

  #requireSwarm(): SwarmClient {
    if (this.#swarm === undefined) throw new EngineError('unavailable', 'the engine has not started');
    return this.#swarm;
  }
}

/** How late an overdue block is noticed, and how fresh a reader's progress is. */
const TICK_MS = 250;
