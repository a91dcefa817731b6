import type WebTorrent from '#webtorrent';
import type { ChunkStore, KnownTorrent, Torrent, Wire, WireSocket } from '#webtorrent';
import { EngineError } from '../errors.ts';
import { pieceSize } from '../payload-layout.ts';
import type { InfoHash, TorrentDetails } from '../torrent.ts';

export interface SwarmMemberOptions {
  readonly infoHash: InfoHash;
  readonly trackers: readonly string[];
  /** Addresses to dial at once and to dial again, `host:port`. */
  readonly peers: readonly string[];
  /** Undefined while the metadata is to come from a peer. */
  readonly content: SwarmContent | undefined;
  readonly events: SwarmEvents;
}

/** What a member needs to take part with pieces. */
export interface SwarmContent {
  readonly details: TorrentDetails;
  /** The exact info dictionary, for peers that ask for it. */
  readonly infoBytes: Uint8Array;
  readonly held: Uint8Array;
  /** Bytes for a peer; rejects when they cannot be read. */
  readonly readBlock: (start: number, length: number) => Promise<Uint8Array>;
  /** The peer could take requests. */
  readonly fill: (wire: Wire) => void;
}

export interface SwarmEvents {
  /** Peers sent an info dictionary whose SHA-1 is the info hash. */
  readonly onInfo: (infoBytes: Uint8Array) => void;
  /** webtorrent gave the torrent up. */
  readonly onError: (error: EngineError) => void;
}

/**
 * Our place in one torrent's swarm: webtorrent finds and keeps the connections, speaks the protocol, chokes and uploads.
 * Which blocks to ask for, what is held and where it lies is decided outside. But for `peer-pipes.ts`, no other file of the engine
 * uses private members of webtorrent.
 */
export class SwarmMember {
  readonly #torrent: Torrent;
  readonly #options: SwarmMemberOptions;
  /** Every address that was told or that we were connected to. */
  readonly #known = new Set<string>();
  readonly #banned = new Set<string>();
  #content: SwarmContent | undefined;
  #onError: SwarmEvents['onError'];
  /** webtorrent takes no peers before it has looked at the torrent, a turn later. */
  #takesPeers = false;

  constructor(client: WebTorrent, options: SwarmMemberOptions) {
    this.#options = options;
    this.#content = options.content;
    this.#onError = options.events.onError;
    this.#torrent = client.add(torrentOf(options), {
      store: storeOf(() => this.#content),
      storeCacheSlots: 0,
      deselect: true,
      ...(options.content === undefined ? {} : { bitfield: options.content.held }),
    });
    this.#torrent._updateWire = wire => this.#content?.fill(wire);
    this.#torrent.on('metadata', () => {
      // webtorrent's own encoding of the info dictionary may have another hash.
      if (this.#content !== undefined) this.#torrent.metadata = this.#content.infoBytes;
    });
    this.#torrent.on('wire', (wire: Wire, address?: string) => this.#onWire(wire, address));
    this.#torrent.on('infoHash', () => {
      this.#takesPeers = true;
      this.redial();
    });
    this.dial(options.peers);
    this.#torrent.on('error', (error: Error) => this.#onError(swarmError(error)));
    this.#torrent.on('warning', () => {}); // trackers that do not answer, mostly: no news
  }

  /** The connections that can be asked for pieces. */
  get wires(): readonly Wire[] {
    return this.#torrent.destroyed || !this.#torrent.ready ? [] : this.#torrent.wires;
  }

  get stats(): SwarmStats {
    if (this.#torrent.destroyed) return { peersConnected: 0, peersKnown: 0, downloadSpeed: 0, uploadSpeed: 0 };
    const { wires } = this.#torrent;
    return {
      peersConnected: wires.length,
      peersKnown: Math.max(this.#known.size, this.#torrent._peersLength),
      // webtorrent's own sums count the protocol, too: a peer that has nothing for us would seem a slow one.
      downloadSpeed: wires.reduce((sum, wire) => sum + wire.downloadSpeed(), 0),
      uploadSpeed: wires.reduce((sum, wire) => sum + wire.uploadSpeed(), 0),
    };
  }

  /** Gives a member that resolved its content, and another listener for what may go wrong from now on. */
  begin(content: SwarmContent, onError: SwarmEvents['onError']): void {
    this.#onError = onError;
    if (this.#torrent.destroyed) return;
    this.#content = content;
    this.#torrent._startupBitfield = content.held;
    const torrent = knownTorrent(content.details, this.#options.trackers);
    this.#torrent._onMetadata(torrent).catch((error: Error) => this.#onError(swarmError(error)));
  }

  /** Connects to these too, now and whenever {@link redial} is called. */
  dial(peers: readonly string[]): void {
    for (const peer of peers) this.#known.add(peer);
    this.redial();
  }

  /** Tries every known peer that we are neither connected to nor connecting to. */
  redial(): void {
    if (this.#torrent.destroyed || !this.#takesPeers) return;
    for (const peer of this.#known) {
      if (!this.#banned.has(hostOf(peer))) this.#torrent.addPeer(peer, 'manual');
    }
  }

  /** The piece is held from now on. */
  announce(piece: number): void {
    if (this.#torrent.destroyed || !this.#torrent.ready) return;
    this.#torrent._markVerified(piece);
    for (const wire of this.wires) wire.have(piece);
  }

  /** Every piece is held. */
  announceComplete(): void {
    if (!this.#torrent.destroyed && this.#torrent.ready) this.#torrent._checkDone();
  }

  /** The piece is held no longer. */
  revoke(piece: number): void {
    if (!this.#torrent.destroyed && this.#torrent.ready) this.#torrent._markUnverified(piece);
  }

  ban(wire: Pick<Wire, 'remoteAddress' | 'destroy'>): void {
    if (wire.remoteAddress !== undefined) this.#banned.add(plainAddress(wire.remoteAddress));
    wire.destroy();
  }

  /** Resolves when its connections and timers are gone. */
  leave(): Promise<void> {
    if (this.#torrent.destroyed) return Promise.resolve();
    return new Promise(resolve => this.#torrent.destroy({}, () => resolve()));
  }

  #onWire(wire: Wire, address: string | undefined): void {
    if (this.#banned.has(plainAddress(wire.remoteAddress))) {
      wire.destroy();
      return;
    }
    this.#tuneSocket(wire);
    limitMessages(wire, this.#content?.details.pieceCount ?? 0);
    // An incoming connection comes from a port that nobody listens on.
    if (address !== undefined && wire.type === 'tcpOutgoing' && this.#known.size < KNOWN_PEERS)
      this.#known.add(address);
    if (this.#content === undefined) this.#awaitInfo(wire);
  }

  #tuneSocket(wire: Wire): void {
    for (const peer of this.#torrent._peers.values()) {
      if (peer.wire === wire && peer.conn !== null) sendTogether(wire, peer.conn);
    }
  }

  /** In place of webtorrent's listener, which would encode the dictionary anew and take on the hash of that. */
  #awaitInfo(wire: Wire): void {
    wire.ut_metadata.removeAllListeners('metadata');
    wire.ut_metadata.on('metadata', () => {
      if (this.#content === undefined) this.#options.events.onInfo(wire.ut_metadata.metadata);
    });
  }
}

/** The same for whoever needs no more than what it does. */
export type SwarmMembership = Pick<SwarmMember, keyof SwarmMember>;

/** Where torrents find their peers. */
export interface Swarms {
  join(options: SwarmMemberOptions): SwarmMembership;
}

export interface SwarmStats {
  readonly peersConnected: number;
  readonly peersKnown: number;
  /** Bytes of payload per second. */
  readonly downloadSpeed: number;
  readonly uploadSpeed: number;
}

/** Addresses to dial again; a swarm's trackers and the DHT tell of more. */
const KNOWN_PEERS = 200;

function torrentOf(options: SwarmMemberOptions): KnownTorrent | { infoHash: string; announce: readonly string[] } {
  if (options.content !== undefined) return knownTorrent(options.content.details, options.trackers);
  return { infoHash: options.infoHash, announce: options.trackers };
}

/** One file, whatever the torrent has: webtorrent looks through them after every piece, and files are none of its business. */
function knownTorrent(details: TorrentDetails, trackers: readonly string[]): KnownTorrent {
  const hashes = Buffer.from(details.pieceHashes.buffer, details.pieceHashes.byteOffset, details.pieceHashes.length);
  return {
    infoHash: details.infoHash,
    announce: trackers,
    urlList: [],
    info: {},
    name: details.infoHash,
    private: details.isPrivate,
    length: details.totalLength,
    pieceLength: details.pieceLength,
    lastPieceLength: pieceSize(details, details.pieceCount - 1),
    pieces: Array.from({ length: details.pieceCount }, (_, piece) =>
      hashes.toString('hex', piece * 20, piece * 20 + 20),
    ),
    files: [{ path: 'payload', name: 'payload', length: details.totalLength, offset: 0 }],
  };
}

/** What webtorrent reads for peers, and hands to nobody else. Pieces do not come through here. */
function storeOf(content: () => SwarmContent | undefined): new () => ChunkStore {
  return class implements ChunkStore {
    put: ChunkStore['put'] = (_index, _bytes, callback) => callback(new Error('pieces are kept elsewhere'));

    get: ChunkStore['get'] = (index, range, callback) => {
      const current = content();
      if (current === undefined) return callback(new Error('no content yet'));
      const { details } = current;
      const size = pieceSize(details, index);
      const offset = range?.offset ?? 0;
      const length = range?.length ?? size - offset;
      if (offset < 0 || length <= 0 || offset + length > size) return callback(new Error('not within the piece'));
      current.readBlock(index * details.pieceLength + offset, length).then(
        bytes => callback(null, bytes),
        (error: Error) => callback(error),
      );
    };

    close: ChunkStore['close'] = callback => callback(null);
    destroy: ChunkStore['destroy'] = callback => callback(null);
  };
}

/**
 * A peer's message has a length of its own choosing, and webtorrent gathers all of it before it looks. The longest that means
 * something are a bitfield, a block and a part of the metadata. And a peer may owe us requests without end.
 */
function limitMessages(wire: Wire, pieceCount: number): void {
  const limit = Math.max(LONGEST_MESSAGE, 1 + Math.ceil(pieceCount / 8));
  const parse = wire._parse;
  wire._parse = (size, parser) => {
    // After the end of a connection the parser is told to wait for ever: that is no message.
    if (size > limit && size < Number.MAX_VALUE) wire.destroy();
    else parse.call(wire, size, parser);
  };
  wire.on('request', () => {
    if (wire.peerRequests.length > MOST_PEER_REQUESTS) wire.destroy();
  });
}

/**
 * A request is 17 bytes. Nagle's algorithm would hold the last of them back for the 40 ms of a delayed acknowledgement, and
 * without it each would be a system call of its own: so those of one turn go out together.
 */
function sendTogether(wire: Wire, socket: WireSocket): void {
  socket.setNoDelay?.(true);
  const request = wire.request;
  let isCorked = false;
  wire.request = (...parameters) => {
    request.apply(wire, parameters);
    if (isCorked) return;
    isCorked = true;
    socket.cork();
    setImmediate(() => {
      isCorked = false;
      socket.uncork();
    });
  };
}

/** Bytes; a bitfield of eight million pieces fits, when the number of pieces is not known yet. */
const LONGEST_MESSAGE = 2 ** 20;
/** Of a peer, unanswered. libtorrent keeps at most 2,000 outstanding. */
const MOST_PEER_REQUESTS = 2500;

/** A socket that listens for IPv6 calls an IPv4 peer `::ffff:1.2.3.4`. */
function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:/i, '') ?? '';
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

function swarmError(error: Error): EngineError {
  return new EngineError('torrent-error', `the swarm of the torrent failed: ${error.message}; resume it to try again`, {
    cause: error,
  });
}
