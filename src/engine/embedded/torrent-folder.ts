import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../util/durable-file.ts';
import { codeOf } from '../../util/error-facts.ts';
import type { FileWishes } from '../engine.ts';
import { type InfoHash, parseInfoHash } from '../torrent.ts';

/** What the engine remembers of a torrent beside its metadata. */
export interface TorrentRecord {
  readonly paused: boolean;
  /** What is downloaded although nobody reads it; what is not mentioned is as the engine was told for all. */
  readonly wishes: FileWishes;
  /** Peers that the torrent was added with, `host:port`. */
  readonly peers: readonly string[];
}

/**
 * One torrent on disk: `<infohash>/metainfo.torrent`, `<infohash>/state.json` and `<infohash>/files/`. The torrent is on the
 * list while `state.json` is there, so each change of the list is one rename or one unlink, and needs no journal.
 */
export class TorrentFolder {
  readonly infoHash: InfoHash;
  readonly #path: string;

  constructor(root: string, infoHash: InfoHash) {
    this.infoHash = infoHash;
    this.#path = join(root, infoHash);
  }

  /** The torrents on the list. */
  static listed(root: string): TorrentFolder[] {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    return readdirSync(root)
      .map(parseInfoHash)
      .filter(infoHash => infoHash !== undefined)
      .map(infoHash => new TorrentFolder(root, infoHash))
      .filter(folder => folder.readRecord() !== undefined);
  }

  /** Where the payload lies. */
  get files(): string {
    return join(this.#path, 'files');
  }

  readMetainfo(): Uint8Array {
    return readFileSync(join(this.#path, 'metainfo.torrent'));
  }

  /** Undefined when the torrent is not on the list. */
  readRecord(): TorrentRecord | undefined {
    try {
      return parseRecord(JSON.parse(readFileSync(this.#statePath, 'utf8')));
    } catch (error) {
      if (codeOf(error) !== undefined) return undefined;
      return parseRecord(undefined); // it is on the list, and what else the file said is lost
    }
  }

  /** Puts the torrent on the list; both files are on the disk when it returns. */
  create(metainfo: Uint8Array, record: TorrentRecord): void {
    mkdirSync(this.files, { recursive: true, mode: 0o700 });
    replaceFile(join(this.#path, 'metainfo.torrent'), metainfo);
    this.writeRecord(record);
  }

  writeRecord(record: TorrentRecord): void {
    replaceFile(this.#statePath, Buffer.from(`${JSON.stringify(record)}\n`));
  }

  /** Takes the torrent off the list and keeps the payload. */
  unlist(): void {
    rmSync(this.#statePath, { force: true });
  }

  /** Takes the torrent off the list and deletes all of it. */
  async delete(): Promise<void> {
    this.unlist();
    await rm(this.#path, { recursive: true, force: true });
  }

  get #statePath(): string {
    return join(this.#path, 'state.json');
  }
}

export const noWishes: FileWishes = { wanted: [], unwanted: [] };

const fileIndex = z.number().int().nonnegative();
const fileRanges = z.array(z.object({ first: fileIndex, endExclusive: fileIndex })).readonly();
const fileWishes = z.object({ wanted: fileRanges, unwanted: fileRanges });

function parseRecord(value: unknown): TorrentRecord {
  const fields: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  const { paused, wishes, peers } = fields;
  return {
    paused: paused === true,
    wishes: fileWishes.safeParse(wishes).data ?? noWishes,
    peers: Array.isArray(peers) ? peers.filter(peer => typeof peer === 'string') : [],
  };
}
