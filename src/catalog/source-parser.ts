import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { EngineError, parseInfoHash, type TorrentSource } from '../engine/index.ts';
import { parseMetainfo } from '../engine/metainfo.ts';
import { metainfoLimits } from '../engine/metainfo-limits.ts';
import { codeOf, messageOf } from '../util/error-facts.ts';
import { isMagnet, magnetOf, parseMagnet } from './magnet.ts';

/**
 * What a person may name a torrent by, tried in this order: a magnet link, an http(s) URL of a .torrent, an existing .torrent
 * file, an info hash.
 *
 * @throws EngineError `bad-source`, `too-large`, `io`; its message names the source and the next step
 */
export async function parseSource(text: string): Promise<TorrentSource> {
  const trimmed = text.trim();
  const link = parseLink(trimmed);
  if (link !== undefined) return link;
  const bytes = await readTorrentFile(trimmed);
  if (bytes !== undefined) return parseTorrentBytes(bytes, trimmed);
  const infoHash = parseInfoHash(trimmed);
  if (infoHash !== undefined) return magnetOf(infoHash);
  throw noSource(trimmed, ', nor is there a file of that name');
}

/**
 * The same for text from where files may not be opened on somebody's behalf, such as a dropped `*.magnet`: a magnet link, a
 * URL or an info hash. Lines that begin with `#` are comments.
 *
 * @throws EngineError `bad-source`, `too-large`
 */
export function parseSourceText(text: string): TorrentSource {
  if (text.length > sourceTextLimit) {
    throw new EngineError(
      'too-large',
      `a source is at most ${sourceTextLimit} characters long, this one ${text.length}`,
    );
  }
  const lines = text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'));
  const [line, ...others] = lines;
  if (line === undefined)
    throw new EngineError('bad-source', 'the file is empty; write a magnet link, a URL or an info hash');
  if (others.length > 0)
    throw new EngineError('bad-source', 'the file names more than one source; write one in a file');
  const link = parseLink(line);
  if (link !== undefined) return link;
  const infoHash = parseInfoHash(line);
  if (infoHash !== undefined) return magnetOf(infoHash);
  throw noSource(line, '');
}

/**
 * @param name what the messages call it
 * @throws EngineError `bad-source`, `too-large`
 */
export function parseTorrentBytes(bytes: Uint8Array, name: string): TorrentSource {
  try {
    return { kind: 'metainfo', infoHash: parseMetainfo(bytes).infoHash, bytes };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

/** Characters. Magnets with hundreds of trackers stay under 32 KiB. */
export const sourceTextLimit = 64 * 1024;

function parseLink(text: string): TorrentSource | undefined {
  if (isMagnet(text)) return parseMagnet(text);
  if (/^https?:/i.test(text)) return { kind: 'url', url: parseUrl(text) };
  return undefined;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') {
    throw new EngineError(
      'bad-source',
      `"${shortened(text)}" is no valid URL; copy the address of the .torrent file again`,
    );
  }
  return url;
}

/** Undefined when there is no such file. */
async function readTorrentFile(path: string): Promise<Uint8Array | undefined> {
  if (path === '' || path.includes('\0')) return undefined;
  let file: FileHandle;
  try {
    // Not waiting for the writer of a pipe that somebody named by mistake.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isNoSuchFile(error)) return undefined;
    throw unreadable(path, error);
  }
  try {
    return await readWhole(file, path);
  } finally {
    await file.close();
  }
}

async function readWhole(file: FileHandle, path: string): Promise<Uint8Array> {
  const stat = await file.stat();
  if (stat.isDirectory()) throw new EngineError('bad-source', `${path} is a directory; name a .torrent file in it`);
  if (!stat.isFile()) throw new EngineError('bad-source', `${path} is no regular file; name a .torrent file`);
  if (stat.size > metainfoLimits.bytes) {
    throw new EngineError(
      'too-large',
      `${path} has ${stat.size} bytes, and a .torrent at most ${metainfoLimits.bytes}; is it the payload, not the .torrent?`,
    );
  }
  try {
    return await file.readFile();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function isNoSuchFile(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(codeOf(error) ?? '');
}

function unreadable(path: string, cause: unknown): EngineError {
  return new EngineError('io', `cannot read ${path}: ${messageOf(cause)}; check its permissions`, { cause });
}

function noSource(text: string, alsoNot: string): EngineError {
  return new EngineError(
    'bad-source',
    `"${shortened(text)}" is no magnet link, http(s) URL or info hash${alsoNot}; check the spelling`,
  );
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
