/**
 * What the embedded engine uses of webtorrent 3.0, bundled to `dist/vendor/webtorrent.js`. Members with a leading underscore
 * are no public interface of webtorrent: the version is pinned, and `swarm-member.ts` and `peer-pipes.ts` alone touch them.
 */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

export default class WebTorrent extends EventEmitter {
  constructor(options: WebTorrentOptions);
  readonly listening: boolean;
  readonly dht: (EventEmitter & { readonly listening: boolean }) | false;
  readonly torrentPort: number;
  add(torrent: KnownTorrent | UnresolvedTorrent, options: TorrentOptions): Torrent;
  destroy(callback: (error?: Error) => void): void;
}

export interface WebTorrentOptions {
  /** Handed to `net.Server.listen`, which takes more than a port. */
  readonly torrentPort: number | { readonly port: number; readonly host: string };
  readonly dhtPort: number;
  readonly dht: boolean;
  readonly tracker: boolean;
  readonly lsd: boolean;
  readonly utp: boolean;
  readonly natUpnp: boolean;
  readonly natPmp: boolean;
  readonly webSeeds: boolean;
  /** Protocol encryption: 0 none, 1 tried first. */
  readonly secure: 0 | 1;
  readonly userAgent: string;
}

export interface UnresolvedTorrent {
  readonly infoHash: string;
  readonly announce: readonly string[];
}

/** The shape of `parse-torrent`'s result, which webtorrent takes in place of a .torrent file. */
export interface KnownTorrent extends UnresolvedTorrent {
  /** BEP 19 servers. */
  readonly urlList: readonly string[];
  readonly info: object;
  readonly name: string;
  readonly private: boolean;
  readonly length: number;
  readonly pieceLength: number;
  readonly lastPieceLength: number;
  /** Hexadecimal SHA-1 of each piece. */
  readonly pieces: readonly string[];
  readonly files: readonly {
    readonly path: string;
    readonly name: string;
    readonly length: number;
    readonly offset: number;
  }[];
}

export interface TorrentOptions {
  /** A constructor of an abstract-chunk-store. */
  readonly store: new () => ChunkStore;
  readonly storeCacheSlots: 0;
  readonly deselect: true;
  /** What is held, if all is known about it; it is believed but for one piece. */
  readonly bitfield?: Uint8Array;
}

export interface ChunkStore {
  put(index: number, bytes: Uint8Array, callback: StoreCallback): void;
  get(index: number, options: { offset?: number; length?: number } | null, callback: StoreCallback): void;
  close(callback: StoreCallback): void;
  destroy(callback: StoreCallback): void;
}

export type StoreCallback = (error: Error | null, bytes?: Uint8Array) => void;

export interface Torrent extends EventEmitter {
  readonly destroyed: boolean;
  readonly ready: boolean;
  readonly wires: readonly Wire[];
  /** What `ut_metadata` hands out: the info dictionary, bare or in a .torrent file. */
  metadata: Uint8Array | null;
  addPeer(address: string, source: 'manual'): boolean;
  destroy(options: object, callback: (error?: Error) => void): void;

  readonly _peers: ReadonlyMap<string, { readonly wire: Wire | null; readonly conn: WireSocket | null }>;
  readonly _peersLength: number;
  /** Fills one peer's queue of requests; called whenever that may have become possible. */
  _updateWire(wire: Wire): void;
  _update(): void;
  _markVerified(piece: number): void;
  _markUnverified(piece: number): void;
  _checkDone(): void;
  _onMetadata(torrent: KnownTorrent): Promise<void>;
  _startupBitfield: Uint8Array | undefined;
}

/** A `net.Socket`. */
export interface WireSocket {
  setNoDelay?(on: boolean): void;
  cork(): void;
  uncork(): void;
}

/** A connection to a peer after the handshake: `bittorrent-protocol`. */
export interface Wire extends EventEmitter {
  readonly destroyed: boolean;
  /** `tcpOutgoing`, `tcpIncoming`. */
  readonly type: string;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly peerChoking: boolean;
  readonly hasFast: boolean;
  readonly peerAllowedFastSet: readonly number[];
  readonly peerPieces: { get(piece: number): boolean; readonly buffer: Uint8Array };
  readonly requests: readonly WireRequest[];
  readonly peerRequests: readonly WireRequest[];
  readonly peerExtendedHandshake: { readonly reqq?: unknown };
  readonly ut_metadata: EventEmitter & { readonly metadata: Uint8Array };
  /** Bytes of payload, those that nobody asked for included. */
  readonly downloaded: number;
  /** Bytes of payload per second. */
  downloadSpeed(): number;
  uploadSpeed(): number;
  request(piece: number, offset: number, length: number, callback: RequestCallback): void;
  cancel(piece: number, offset: number, length: number): void;
  have(piece: number): void;
  destroy(): void;

  _parse(size: number, parser: (bytes: Uint8Array) => void): void;
}

/** A peer, as soon as there is a connection. */
export interface Peer extends EventEmitter {
  readonly conn: Socket;
  readonly wire: WireInside;
}

/** How a connection takes in what arrives: it gathers bytes until there are enough for its parser. */
export interface WireInside extends EventEmitter {
  /** Null before the handshake. */
  readonly peerId: string | null;
  pipe(socket: Socket): void;

  _write(bytes: Uint8Array, done: () => void): void;
  /** A message without its length; the first byte says what it is. */
  _onMessage(message: Uint8Array): void;
  /** Bytes that are not parsed yet, in one array at most between two calls of `_write`. */
  _buffer: readonly Uint8Array[];
  readonly _bufferSize: number;
  /** How many the parser waits for. */
  readonly _parserSize: number;
  destroy(): void;
}

/** The memory of `bytes` is used again when the call returns. */
export type RequestCallback = (error: Error | null, bytes: Uint8Array | null) => void;

export interface WireRequest {
  readonly piece: number;
  readonly offset: number;
  readonly length: number;
}
