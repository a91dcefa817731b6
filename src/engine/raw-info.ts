import { BencodeReader } from './bencode-reader.ts';
import { metainfoLimits, refused, tooLarge } from './metainfo-limits.ts';

/** The info dictionary, each value read and within its limit, what is missing undefined. */
export interface RawInfo {
  name: Uint8Array | undefined;
  nameUtf8: Uint8Array | undefined;
  length: number | undefined;
  files: RawFile[] | undefined;
  attributes: RawAttributes;
  pieceLength: number | undefined;
  pieces: Uint8Array | undefined;
  isPrivate: boolean;
  metaVersion: number | undefined;
}

export interface RawFile extends RawAttributes {
  path: string[] | undefined;
  pathUtf8: string[] | undefined;
  length: number | undefined;
}

/** BEP 47. */
interface RawAttributes {
  attr: string;
  symlinkPath: string[] | undefined;
}

/** @throws EngineError `bad-source`, `too-large`; BencodeError */
export function readInfo(infoBytes: Uint8Array): RawInfo {
  const info: RawInfo = {
    name: undefined,
    nameUtf8: undefined,
    length: undefined,
    files: undefined,
    attributes: { attr: '', symlinkPath: undefined },
    pieceLength: undefined,
    pieces: undefined,
    isPrivate: false,
    metaVersion: undefined,
  };
  const reader = new BencodeReader(infoBytes);
  const seen = new Set<string>();
  reader.readDictionary(key => {
    if (infoKeys.has(key)) {
      if (seen.has(key)) throw refused(`its info dictionary has two entries called ${key}`);
      seen.add(key);
    }
    if (key === 'name') info.name = reader.readString();
    else if (key === 'name.utf-8') info.nameUtf8 = reader.readString();
    else if (key === 'length') info.length = readLength(reader);
    else if (key === 'files') info.files = readFiles(reader);
    else if (key === 'piece length') info.pieceLength = reader.readInteger();
    else if (key === 'pieces') info.pieces = reader.readString();
    else if (key === 'private') info.isPrivate = asText(reader.skip()) === 'i1e';
    else if (key === 'meta version') info.metaVersion = reader.readInteger();
    else if (!readAttribute(reader, key, info.attributes)) reader.skip();
  });
  return info;
}

const infoKeys: ReadonlySet<string> = new Set([
  'name',
  'name.utf-8',
  'length',
  'files',
  'piece length',
  'pieces',
  'private',
  'meta version',
]);

function readFiles(reader: BencodeReader): RawFile[] {
  const files: RawFile[] = [];
  reader.readList(() => {
    if (files.length >= metainfoLimits.files) throw tooLarge('it has too many files', `${metainfoLimits.files}`);
    files.push(readFile(reader));
  });
  return files;
}

function readFile(reader: BencodeReader): RawFile {
  const file: RawFile = {
    path: undefined,
    pathUtf8: undefined,
    length: undefined,
    attr: '',
    symlinkPath: undefined,
  };
  reader.readDictionary(key => {
    if (key === 'length') {
      if (file.length !== undefined) throw refused('one of its files has two lengths');
      file.length = readLength(reader);
    } else if (key === 'path') file.path = readPath(reader);
    else if (key === 'path.utf-8') file.pathUtf8 = readPath(reader);
    else if (!readAttribute(reader, key, file)) reader.skip();
  });
  return file;
}

function readAttribute(reader: BencodeReader, key: string, into: RawAttributes): boolean {
  if (key === 'attr') into.attr = asText(reader.readString());
  else if (key === 'symlink path') into.symlinkPath = readPath(reader);
  else return false;
  return true;
}

function readLength(reader: BencodeReader): number {
  const length = reader.readInteger();
  if (length < 0) throw refused(`one of its files is ${length} bytes long`);
  return length;
}

function readPath(reader: BencodeReader): string[] {
  const path: string[] = [];
  reader.readList(() => {
    if (path.length >= metainfoLimits.pathDepth) throw tooLarge('a path is too deep', `${metainfoLimits.pathDepth}`);
    path.push(readName(reader.readString()));
  });
  return path;
}

/** @throws EngineError `too-large` */
export function readName(bytes: Uint8Array): string {
  const limit = metainfoLimits.nameBytes;
  if (bytes.length > limit) throw tooLarge(`a name has ${bytes.length} bytes`, `${limit}`);
  return utf8.decode(bytes);
}

const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** Its begin, for what is short where it is right. */
export function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 32)).toString('latin1');
}
