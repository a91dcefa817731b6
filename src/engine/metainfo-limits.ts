import { EngineError } from './errors.ts';

/** What is over one of these is refused. No real torrent comes near. */
export const metainfoLimits = {
  /** Of a .torrent file; the largest in the wild are about 10 MiB. */
  bytes: 64 * 2 ** 20,
  /** A piece is hashed in one go, in memory. The largest in the wild is 256 MiB. */
  pieceLength: 2 ** 30,
  /** A file's index has 24 bits in an inode number. */
  files: 2 ** 24 - 1,
  /** Components of one path: as many names of one byte as PATH_MAX has room for. Nobody nests deeper than a few dozen. */
  pathDepth: 2048,
  /** Bytes of one path component, or of the torrent's name; a directory entry has 255 at most, and gets a shortened name. */
  nameBytes: 4096,
} as const;

/** @param reason ends the sentence "this torrent cannot be used: …" */
export function refused(reason: string): EngineError {
  return new EngineError('bad-source', `this torrent cannot be used: ${reason}`);
}

export function tooLarge(reason: string, limit: string): EngineError {
  return new EngineError('too-large', `this torrent cannot be used: ${reason}, and the limit is ${limit}`);
}
