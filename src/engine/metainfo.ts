import { createHash } from 'node:crypto';
import { BencodeError, BencodeReader } from './bencode-reader.ts';
import { EngineError } from './errors.ts';
import { metainfoLimits, refused, tooLarge } from './metainfo-limits.ts';
import { asText, type RawFile, type RawInfo, readInfo, readName } from './raw-info.ts';
import { type InfoHash, parseInfoHash, type TorrentDetails, type TorrentFile } from './torrent.ts';

/**
 * Reads a .torrent file (BEP 3, 27, 47). The info hash is taken over the info dictionary as it stands in the file, so that a
 * dictionary that no encoder would write keeps its hash. Of a hybrid torrent (BEP 52) the v1 half is read. Everything is
 * hostile: each size is checked before anything is made of it, and what two clients could read in two ways is refused.
 *
 * @throws EngineError `bad-source`; `too-large` for what is over {@link metainfoLimits}
 */
export function parseMetainfo(bytes: Uint8Array): TorrentDetails {
  return readingMetainfo(() => {
    const metainfo = splitMetainfo(bytes);
    return {
      ...detailsOf(readInfo(metainfo.infoBytes)),
      infoHash: infoHashOf(metainfo.infoBytes),
      createdAtSeconds: metainfo.createdAtSeconds,
    };
  });
}

/** The bytes of the info dictionary as they stand in the .torrent file, a view. @throws EngineError like {@link parseMetainfo} */
export function infoDictionaryOf(bytes: Uint8Array): Uint8Array {
  return readingMetainfo(() => splitMetainfo(bytes).infoBytes);
}

/** SHA-1 of the exact bytes of an info dictionary. */
export function infoHashOf(infoBytes: Uint8Array): InfoHash {
  const infoHash = parseInfoHash(createHash('sha1').update(infoBytes).digest('hex'));
  if (infoHash === undefined) throw new Error('a SHA-1 is 40 hexadecimal digits');
  return infoHash;
}

function readingMetainfo<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new EngineError('bad-source', `this is no .torrent file: ${error.message}`, { cause: error });
  }
}

function splitMetainfo(bytes: Uint8Array): { infoBytes: Uint8Array; createdAtSeconds: number | undefined } {
  if (bytes.length > metainfoLimits.bytes) throw tooLarge(`it has ${bytes.length} bytes`, `${metainfoLimits.bytes}`);
  const reader = new BencodeReader(bytes);
  let infoBytes: Uint8Array | undefined;
  let createdAtSeconds: number | undefined;
  reader.readDictionary(key => {
    if (key === 'info') {
      if (infoBytes !== undefined) throw refused('it has two info dictionaries');
      infoBytes = reader.skip();
    } else if (key === 'creation date') {
      createdAtSeconds = plausibleDate(reader.skip());
    } else {
      reader.skip();
    }
  });
  if (infoBytes === undefined) throw refused('it has no info dictionary');
  return { infoBytes, createdAtSeconds };
}

/** Seconds since 1970. Zero is what tools write that have no clock; after the year 9999 no other tool can show it. */
function plausibleDate(value: Uint8Array): number | undefined {
  const seconds = Number(/^i(\d{1,12})e$/.exec(asText(value))?.[1]);
  return seconds > 0 && seconds < 253_402_300_800 ? seconds : undefined;
}

function detailsOf(info: RawInfo): Omit<TorrentDetails, 'infoHash' | 'createdAtSeconds'> {
  const { pieceLength, pieces } = checkedPieces(info);
  const name = readName(info.nameUtf8 ?? info.name ?? new Uint8Array());
  const isSingleFile = info.files === undefined;
  const files = placeFiles(
    info.files ?? [{ ...info.attributes, path: [name], pathUtf8: undefined, length: info.length }],
  );
  const last = files.at(-1);
  if (last === undefined) throw refused('it has no files');
  const totalLength = last.offset + last.length;
  const pieceCount = Math.ceil(totalLength / pieceLength);
  if (pieces.length !== pieceCount * 20) {
    throw refused(`it has ${pieces.length / 20} piece hashes where its files need ${pieceCount}`);
  }
  return {
    name,
    isSingleFile,
    files,
    pieceLength,
    pieceCount,
    pieceHashes: new Uint8Array(pieces),
    totalLength,
    isPrivate: info.isPrivate,
  };
}

function checkedPieces(info: RawInfo): { pieceLength: number; pieces: Uint8Array } {
  const { pieceLength, pieces } = info;
  if (pieces === undefined && info.metaVersion !== undefined) {
    throw refused('it is for BitTorrent v2 only (BEP 52), which is not supported; ask for a v1 or hybrid torrent');
  }
  if (pieces === undefined) throw refused('it has no piece hashes');
  if (pieces.length % 20 !== 0) throw refused(`its piece hashes have ${pieces.length} bytes, not a multiple of 20`);
  if (pieceLength === undefined || pieceLength < 1) throw refused(`its piece length is ${pieceLength ?? 'missing'}`);
  if (pieceLength > metainfoLimits.pieceLength) {
    throw tooLarge(`its piece length is ${pieceLength}`, `${metainfoLimits.pieceLength}`);
  }
  if ((info.length === undefined) === (info.files === undefined)) {
    throw refused('it needs either a length or a list of files');
  }
  return { pieceLength, pieces };
}

function placeFiles(raw: readonly RawFile[]): TorrentFile[] {
  let offset = 0;
  return raw.map((file, index) => {
    const placed = placeFile(file, index, offset);
    offset += placed.length;
    if (!Number.isSafeInteger(offset)) throw tooLarge('its files are too long', `${Number.MAX_SAFE_INTEGER}`);
    return placed;
  });
}

function placeFile(raw: RawFile, index: number, offset: number): TorrentFile {
  const path = raw.pathUtf8 ?? raw.path;
  if (path === undefined || path.length === 0) throw refused(`its file ${index} has no path`);
  const isSymlink = raw.attr.includes('l') && raw.symlinkPath !== undefined;
  // A symlink takes no bytes (BEP 47), so its length may be left out; with one, clients disagree where the next file begins.
  const length = raw.length ?? (isSymlink ? 0 : undefined);
  if (length === undefined) throw refused(`its file ${index} has no length`);
  if (isSymlink && length !== 0) throw refused(`its file ${index} is a symlink with ${length} bytes`);
  return {
    index,
    path,
    length,
    offset,
    padding: raw.attr.includes('p'),
    executable: raw.attr.includes('x'),
    hidden: raw.attr.includes('h'),
    symlinkTarget: isSymlink ? raw.symlinkPath : undefined,
  };
}
