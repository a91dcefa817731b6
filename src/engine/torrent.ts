/**
 * What every engine tells about a torrent. Plain data, immutable, safe to post between threads.
 */

/** 40 lower-case hexadecimal digits: the SHA-1 of the info dictionary (BEP 3). Parsed by {@link parseInfoHash}. */
export type InfoHash = string & { readonly __brand: 'InfoHash' };

/**
 * Takes 40 hexadecimal digits in either case, or 32 characters of base32 (BEP 9).
 *
 * @returns undefined when the text is neither
 */
export function parseInfoHash(text: string): InfoHash | undefined {
  if (/^[0-9a-f]{40}$/i.test(text)) return text.toLowerCase() as InfoHash;
  if (/^[a-z2-7]{32}$/i.test(text)) return base32ToHex(text) as InfoHash;
  return undefined;
}

function base32ToHex(text: string): string {
  let bits = 0n;
  for (const character of text.toUpperCase()) {
    bits = (bits << 5n) | BigInt('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(character));
  }
  return bits.toString(16).padStart(40, '0');
}

/** One entry of a torrent's file list, padding included, so that `index` and `offset` are those of the metadata. */
export interface TorrentFile {
  readonly index: number;
  /** Components as the torrent gives them: hostile, not yet fit for a directory. Never empty. */
  readonly path: readonly string[];
  /** Bytes. */
  readonly length: number;
  /** Where the file begins in the torrent, in bytes from the first byte of piece 0. */
  readonly offset: number;
  /** BEP 47 `attr`. Padding is in no directory; it only fills the space to the next piece. */
  readonly padding: boolean;
  readonly executable: boolean;
  readonly hidden: boolean;
  /** BEP 47 `symlink path`, relative to the torrent's root; hostile. Undefined for what is no symlink. */
  readonly symlinkTarget: readonly string[] | undefined;
}

/** What the info dictionary says. It never changes for an info hash, so it may be kept for ever. */
export interface TorrentDetails {
  readonly infoHash: InfoHash;
  /** As the torrent gives it: hostile, may be empty. */
  readonly name: string;
  /** BEP 3 `length` in place of `files`: the torrent is the file itself, not a directory. */
  readonly isSingleFile: boolean;
  readonly files: readonly TorrentFile[];
  /** Bytes of every piece but the last. */
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** 20 bytes of SHA-1 for each piece, in order. */
  readonly pieceHashes: Uint8Array;
  /** Bytes, padding included. */
  readonly totalLength: number;
  /** `creation date`, in seconds since 1970; undefined where it is absent or absurd. */
  readonly createdAtSeconds: number | undefined;
  /** BEP 27. */
  readonly isPrivate: boolean;
}

/** Whole states of an engine; the catalog refines `live` into downloading, stalled, idle and seeding. */
export type EngineTorrentState = 'initializing' | 'live' | 'paused' | 'error';

/** One row of {@link Engine.list}: what changes while a torrent lives. */
export interface TorrentSummary {
  readonly infoHash: InfoHash;
  /** Undefined where the engine does not know it yet. */
  readonly name: string | undefined;
  /** The engine's own number for the torrent, where it has one (rqbit). */
  readonly engineId: number | undefined;
  readonly state: EngineTorrentState;
  /** Why `state` is `error`, in one line. */
  readonly error: string | undefined;
  /** Bytes of the whole torrent. */
  readonly totalBytes: number;
  /** Bytes held and verified; while initializing, bytes looked at so far. */
  readonly progressBytes: number;
  /** True while the engine fetches, or would fetch if it had peers. */
  readonly wantsMore: boolean;
  readonly peersConnected: number;
  readonly peersKnown: number;
  /** Bytes per second. */
  readonly downloadSpeed: number;
  readonly uploadSpeed: number;
  /** Payload bytes that came from peers since the engine started, those that were thrown away included. */
  readonly fetchedBytes: number;
}
