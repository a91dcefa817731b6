import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type InfoHash, parseInfoHash, type TorrentDetails } from '../engine/index.ts';
import { parseMetainfo } from '../engine/metainfo.ts';
import { replaceFile } from '../util/durable-file.ts';
import { orStorageError, storageError } from './storage-error.ts';

/**
 * The .torrent files of all torrents that the mount has seen, in `metainfo/<info hash>.torrent` of the data directory, so that
 * the tree is there at once when the mount starts, whatever the engine does. What they say is parsed when it is asked for
 * and kept in memory up to a limit. A file that does not have its info hash is as good as none.
 */
export class MetainfoStore {
  readonly #folder: string;
  readonly #memoryLimit: number;
  readonly #onDisk: Set<InfoHash>;
  /** Least lately used first. */
  readonly #inMemory = new Map<InfoHash, TorrentDetails>();
  /** See {@link putFetched}. */
  readonly #writes = new Set<{ readonly infoHash: InfoHash; isVoid: boolean }>();
  #memoryBytes = 0;

  /** @param memoryLimit bytes of parsed file lists and hashes to keep; what one torrent needs is kept in any case */
  constructor(dataDir: string, memoryLimit: number = DEFAULT_MEMORY_LIMIT) {
    this.#folder = join(dataDir, 'metainfo');
    this.#memoryLimit = memoryLimit;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const all = readdirSync(this.#folder);
    for (const name of all) if (name.endsWith(UNFINISHED)) rmSync(join(this.#folder, name), { force: true });
    const names = all.filter(name => name.endsWith('.torrent'));
    this.#onDisk = new Set(names.flatMap(name => parseInfoHash(name.slice(0, -'.torrent'.length)) ?? []));
  }

  has(infoHash: InfoHash): boolean {
    return this.#onDisk.has(infoHash);
  }

  /** Reads the disk where it must. */
  details(infoHash: InfoHash): TorrentDetails | undefined {
    const known = this.#inMemory.get(infoHash);
    if (known !== undefined) {
      this.#inMemory.delete(infoHash);
      this.#inMemory.set(infoHash, known);
      return known;
    }
    const read = this.#read(infoHash);
    return read && this.#remember(read.details);
  }

  /** The bytes of the .torrent file. */
  metainfo(infoHash: InfoHash): Uint8Array | undefined {
    return this.#read(infoHash)?.bytes;
  }

  /**
   * The bytes are on the disk when it returns.
   *
   * @throws EngineError when the bytes are no .torrent, or cannot be written
   */
  put(bytes: Uint8Array): TorrentDetails {
    const details = parseMetainfo(bytes);
    const path = this.#path(details.infoHash);
    orStorageError(path, () => replaceFile(path, bytes));
    this.#onDisk.add(details.infoHash);
    return this.#remember(details);
  }

  /**
   * The same for what the engine can give again: nobody waits for the disk, which may lose it in a crash. What is deleted while
   * it is written is not kept.
   *
   * @throws EngineError like {@link put}
   */
  async putFetched(bytes: Uint8Array): Promise<TorrentDetails> {
    const details = parseMetainfo(bytes);
    const { infoHash } = details;
    const write = { infoHash, isVoid: false };
    this.#writes.add(write);
    try {
      await replaceFileLazily(this.#path(infoHash), bytes);
    } finally {
      this.#writes.delete(write);
    }
    if (!write.isVoid) {
      this.#onDisk.add(infoHash);
      return this.#remember(details);
    }
    if (!this.#onDisk.has(infoHash)) rmSync(this.#path(infoHash), { force: true });
    return details;
  }

  delete(infoHash: InfoHash): void {
    for (const write of this.#writes) if (write.infoHash === infoHash) write.isVoid = true;
    this.#forget(infoHash);
    if (this.#onDisk.delete(infoHash)) rmSync(this.#path(infoHash), { force: true });
  }

  /** Undefined when the file is gone or damaged; then it is not asked again. */
  #read(infoHash: InfoHash): { bytes: Uint8Array; details: TorrentDetails } | undefined {
    if (!this.#onDisk.has(infoHash)) return undefined;
    try {
      const bytes = readFileSync(this.#path(infoHash));
      const details = parseMetainfo(bytes);
      if (details.infoHash === infoHash) return { bytes, details };
    } catch {
      // Whatever is wrong with it, the engine has another copy.
    }
    this.#onDisk.delete(infoHash);
    return undefined;
  }

  #remember(details: TorrentDetails): TorrentDetails {
    this.#forget(details.infoHash);
    this.#inMemory.set(details.infoHash, details);
    this.#memoryBytes += sizeInMemory(details);
    for (const oldest of this.#inMemory.keys()) {
      if (this.#memoryBytes <= this.#memoryLimit || oldest === details.infoHash) break;
      this.#forget(oldest);
    }
    return details;
  }

  #forget(infoHash: InfoHash): void {
    const details = this.#inMemory.get(infoHash);
    if (details === undefined) return;
    this.#inMemory.delete(infoHash);
    this.#memoryBytes -= sizeInMemory(details);
  }

  #path(infoHash: InfoHash): string {
    return join(this.#folder, `${infoHash}.torrent`);
  }
}

async function replaceFileLazily(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${randomUUID()}${UNFINISHED}`; // two may fetch the same at once
  try {
    await writeFile(beside, bytes, { mode: 0o600 });
    await rename(beside, path);
  } catch (error) {
    throw storageError(path, error);
  }
}

/** What a crash leaves of a file that was being written. */
const UNFINISHED = '.new';

/** Several hundred torrents of a thousand files each. */
const DEFAULT_MEMORY_LIMIT = 64 * 2 ** 20;

/** About what V8 needs for a file's object, its path array and two short names. */
const BYTES_PER_FILE = 300;

function sizeInMemory(details: TorrentDetails): number {
  return details.pieceHashes.length + details.files.length * BYTES_PER_FILE;
}
