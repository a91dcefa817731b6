import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../util/error-facts.ts';
import { CommandError } from './errors.ts';

/** What is written into a mount to add a source. */
export interface SourceFile {
  readonly extension: 'torrent' | 'magnet';
  readonly content: Uint8Array;
}

/** What the mount would refuse anyway. */
const maxTorrentBytes = 64 << 20;

/**
 * A magnet link, a URL or an info hash goes as text, a .torrent file as its bytes. The mount checks what they hold.
 *
 * @throws CommandError when it can be none of these
 */
export function sourceFileOf(source: string, directory: string): SourceFile {
  if (/^(magnet:|https?:)/i.test(source)) return { extension: 'magnet', content: Buffer.from(source) };
  const path = resolve(directory, source);
  const size = fileSize(path);
  if (size !== undefined) {
    if (size > maxTorrentBytes) throw new CommandError(`${source} is too long for a .torrent file`);
    return { extension: 'torrent', content: readTorrent(path) };
  }
  if (/^([0-9a-f]{40}|[a-z2-7]{32})$/i.test(source)) return { extension: 'magnet', content: Buffer.from(source) };
  throw new CommandError(`${source} is no magnet link, URL or info hash, and there is no file of that name`);
}

function fileSize(path: string): number | undefined {
  try {
    const stats = statSync(path);
    return stats.isFile() ? stats.size : undefined;
  } catch {
    return undefined;
  }
}

function readTorrent(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
