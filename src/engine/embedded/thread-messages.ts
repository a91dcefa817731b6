import type { FileWishes, TorrentRange } from '../engine.ts';
import type { EngineErrorCode } from '../errors.ts';
import type { FileState } from '../file-state.ts';
import type { PieceHolders } from '../pieces.ts';
import type { EngineTorrentState, InfoHash, TorrentSummary } from '../torrent.ts';
import type { SwarmOptions } from './swarm-client.ts';

/** What the engine thread is started with. */
export interface ThreadOptions extends SwarmOptions {
  /** The folder of torrents; made when it is not there. */
  readonly folder: string;
  readonly downloadAll: boolean;
  /** Dialled for every torrent, `host:port`. */
  readonly peers: readonly string[];
}

/** The calls that the main thread makes of the engine thread, each answered once. */
export interface ThreadMethods {
  start(): { listenPort: number; osThread: number };
  list(): readonly TorrentSummary[];
  addMetainfo(torrent: { infoHash: InfoHash; bytes: Uint8Array; peers: readonly string[] }): undefined;
  /** Answered when a peer sent the metadata. */
  addMagnet(torrent: { infoHash: InfoHash; trackers: readonly string[]; peers: readonly string[] }): undefined;
  forget(torrent: { infoHash: InfoHash }): undefined;
  delete(torrent: { infoHash: InfoHash }): undefined;
  pause(torrent: { infoHash: InfoHash }): undefined;
  resume(torrent: { infoHash: InfoHash }): undefined;
  setFileWishes(torrent: { infoHash: InfoHash; wishes: FileWishes }): undefined;
  metainfo(torrent: { infoHash: InfoHash }): Uint8Array;
  /** See `Engine.holders`. */
  holders(pieces: { infoHash: InfoHash; pieces: readonly number[] }): PieceHolders;
  /** The file is about to be read: once this is answered, it is in doubt if anybody else has written to it. */
  lookAt(file: { infoHash: InfoHash; fileIndex: number }): undefined;
  /** Bytes of these pieces turned out not to be on disk: look again. */
  recheck(pieces: { infoHash: InfoHash; first: number; end: number }): undefined;
  stop(): undefined;
}

export type ThreadMethod = keyof ThreadMethods;
export type ThreadCall<M extends ThreadMethod = ThreadMethod> = {
  [K in M]: { readonly kind: 'call'; readonly id: number; readonly method: K; readonly argument: ThreadArgument<K> };
}[M];
export type ThreadArgument<M extends ThreadMethod> = Parameters<ThreadMethods[M]>[0];
export type ThreadResult<M extends ThreadMethod> = ReturnType<ThreadMethods[M]>;

/** Main thread to engine thread. */
export type ToThread =
  | ThreadCall
  /** Nobody waits for the call any more. */
  | { readonly kind: 'abandon'; readonly id: number }
  /** What a stream wants, in bytes of the torrent; replaces what it wanted before. */
  | {
      readonly kind: 'demand';
      readonly demand: number;
      readonly infoHash: InfoHash;
      readonly start: number;
      readonly endExclusive: number;
      readonly priority: number;
    }
  /** See `Engine.fetchAhead`. */
  | { readonly kind: 'ahead'; readonly infoHash: InfoHash; readonly ranges: readonly TorrentRange[] }
  | { readonly kind: 'drop'; readonly demand: number; readonly infoHash: InfoHash };

/** Engine thread to main thread. */
export type FromThread =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly code: EngineErrorCode; readonly message: string }
  /** A torrent is on the list, or its state changed. */
  | {
      readonly kind: 'torrent';
      readonly infoHash: InfoHash;
      readonly state: EngineTorrentState;
      readonly error: string | undefined;
      readonly pieceCount: number;
      /** Memory of {@link HeldPieces}, the same each time. */
      readonly held: SharedArrayBuffer;
    }
  | { readonly kind: 'gone'; readonly infoHash: InfoHash }
  /** Bits were set in the torrent's {@link HeldPieces}. */
  | { readonly kind: 'held'; readonly infoHash: InfoHash }
  /** Files are whole, each in the state in which the engine wrote or found it. */
  | { readonly kind: 'whole'; readonly infoHash: InfoHash; readonly files: readonly WholeFile[] }
  | ({ readonly kind: 'progress'; readonly demand: number; readonly infoHash: InfoHash } & PieceProgress)
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: LogFields; readonly message: string };

/** How far the piece is that a demand needs next. */
export interface PieceProgress {
  readonly piece: number;
  /** Bytes of it that came in, and are not checked yet. */
  readonly uncheckedBytes: number;
}

export interface WholeFile {
  readonly fileIndex: number;
  /** See `LocalFile.checkedState`. */
  readonly state: FileState;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;
