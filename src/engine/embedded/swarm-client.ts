import { type EventEmitter, once } from 'node:events';
import WebTorrent, { type WebTorrentOptions } from '#webtorrent';
import { messageOf } from '../../util/error-facts.ts';
import { EngineError } from '../errors.ts';
import { SwarmMember, type SwarmMemberOptions, type Swarms } from './swarm-member.ts';

export interface SwarmOptions {
  readonly dht: boolean;
  readonly trackers: boolean;
  readonly lsd: boolean;
  /** TCP and, for the DHT, UDP. Zero: any free one. */
  readonly listenPort: number;
  /** The address to listen on; undefined: every address. */
  readonly listenHost: string | undefined;
}

/** The one webtorrent client: its listening port, the DHT, and the torrents whose swarms we are in. */
export class SwarmClient implements Swarms {
  readonly #client: WebTorrent;

  private constructor(client: WebTorrent) {
    this.#client = client;
  }

  /**
   * Resolves when it listens.
   *
   * @param onFailure the client ended by itself: its socket or the DHT's failed
   * @throws EngineError `io` when it cannot listen
   */
  static async start(options: SwarmOptions, onFailure: (error: Error) => void): Promise<SwarmClient> {
    const client = new WebTorrent(clientOptions(options));
    const failed = once(client, 'error').then(([error]) => Promise.reject(error));
    try {
      await Promise.race([failed, Promise.all([listening(client), listening(client.dht)])]);
    } catch (error) {
      const reason = messageOf(error);
      throw new EngineError('io', `cannot listen for peers: ${reason}; choose another --listen-port`);
    }
    failed.catch(onFailure);
    return new SwarmClient(client);
  }

  get listenPort(): number {
    return this.#client.torrentPort;
  }

  /** Joins a torrent's swarm. */
  join(options: SwarmMemberOptions): SwarmMember {
    return new SwarmMember(this.#client, options);
  }

  /** Leaves every swarm and closes the port; trackers get a second to hear of it. */
  stop(): Promise<void> {
    return new Promise(resolve => this.#client.destroy(() => resolve()));
  }
}

async function listening(socket: (EventEmitter & { readonly listening: boolean }) | false): Promise<void> {
  if (socket !== false && !socket.listening) await new Promise(resolve => socket.once('listening', resolve));
}

function clientOptions(options: SwarmOptions): WebTorrentOptions {
  const { listenPort: port, listenHost: host } = options;
  return {
    torrentPort: host === undefined ? port : { port, host },
    dhtPort: port,
    dht: options.dht,
    tracker: options.trackers,
    lsd: options.lsd,
    // Clients that try uTP first wait seconds for its timeout, and its native part is not installed anyway.
    utp: false,
    // Nobody asked for a hole in their router.
    natUpnp: false,
    natPmp: false,
    // BEP 19 servers are fetched from with webtorrent's own HTTP client, which would go to any address that a torrent names.
    webSeeds: false,
    secure: 1,
    userAgent: 'torrent-fuse',
  };
}
