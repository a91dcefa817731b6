import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asEngineError, EngineError, type TorrentSource } from '../engine/index.ts';
import { metainfoLimits } from '../engine/metainfo-limits.ts';
import { sleep } from '../util/abortable.ts';
import type { Logger } from '../util/logger.ts';
import type { Catalog } from './catalog.ts';
import type { Journal } from './journal.ts';
import { parseSourceText, parseTorrentBytes, sourceTextLimit } from './source-parser.ts';

export interface WatchFolderOptions {
  readonly path: string;
  readonly catalog: Pick<Catalog, 'add' | 'report'>;
  /** Remembers what has been dealt with, so that a torrent that was removed does not come back by its file. */
  readonly journal: Journal;
  readonly logger: Logger;
  readonly intervalMs?: number;
}

/**
 * Adds the `*.torrent` and `*.magnet` files of a folder, each once: the files stay where they are. A file is taken when it is
 * the same at two looks in a row, for whoever puts it there may still be writing. It looks by itself, since network
 * file systems tell nobody of changes.
 */
export class WatchFolder {
  readonly #options: WatchFolderOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  /** Identities at the last look. */
  #seen = new Map<string, string>();
  #listed: Listing | undefined;
  #isMissing = false;

  constructor(options: WatchFolderOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Resolves when no file is being read any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { path, logger } = this.#options;
    while (!signal.aborted) {
      await this.#look().catch(error => logger.warn({ path, error }, 'cannot take in the watch folder'));
      await sleep(this.#options.intervalMs ?? INTERVAL_MS, signal).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const listing = await this.#list();
    if (listing === undefined) return;
    const seen = new Map<string, string>();
    for (const name of listing.names) {
      if (this.#stopping.signal.aborted) return;
      const identity = await identityAt(join(this.#options.path, name));
      if (identity === undefined) continue;
      seen.set(name, identity);
      const isStable = this.#seen.get(name) === identity;
      if (isStable && !this.#isTaken(name, identity)) await this.#take(name, identity);
    }
    this.#seen = seen;
    this.#forgetGone(listing);
    this.#listed = listing;
  }

  #isTaken(name: string, identity: string): boolean {
    const taken = this.#options.journal.state.watched.get(name);
    return taken === identity || taken?.split(':').slice(1).join(':') === identity; // earlier ones began with the device
  }

  /** Undefined, and said once, while the folder cannot be read: then nothing is known to be gone either. */
  async #list(): Promise<Listing | undefined> {
    const { path, logger } = this.#options;
    try {
      const folder = await folderAt(path);
      const names = await readdir(path);
      this.#isMissing = false;
      if ((await folderAt(path)) !== folder) return undefined; // of which are they? At the next look.
      const wanted = names.filter(name => /\.(torrent|magnet)$/i.test(name) && !name.startsWith('.'));
      return { folder, names: new Set(wanted.sort()) };
    } catch (error) {
      if (!this.#isMissing) logger.warn({ path, error }, 'cannot read the watch folder');
      this.#isMissing = true;
      return undefined;
    }
  }

  async #take(name: string, identity: string): Promise<void> {
    const { path, catalog, journal, logger } = this.#options;
    try {
      const source = await readSource(join(path, name), identity);
      if (source === undefined) return; // it changed after all
      catalog.add(source, { peers: [], origin: name });
      logger.info({ path, name }, 'added from the watch folder');
    } catch (cause) {
      const error = asEngineError(cause);
      if (error.code === 'no-space') return; // ours, not the file's: at the next look
      // Other tools put the same torrent there again and again.
      if (error.code !== 'duplicate') catalog.report({ name, source: join(path, name), error });
    }
    journal.append({ type: 'watched', name, identity });
  }

  /** In an unmounted file system's place there is another folder, which is empty: nothing is gone by that. */
  #forgetGone({ folder, names }: Listing): void {
    const before = this.#listed?.folder === folder ? this.#listed.names : new Set();
    const { watched } = this.#options.journal.state;
    const gone = [...watched.keys()].filter(name => before.has(name) && !names.has(name));
    this.#options.journal.append(...gone.map(name => ({ type: 'watched', name, identity: null }) as const));
  }
}

interface Listing {
  readonly folder: string;
  readonly names: ReadonlySet<string>;
}

/** People wait for the second look. */
const INTERVAL_MS = 2000;

/** What tells this folder from another that comes in its place. */
async function folderAt(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** What tells one state of one file from another. Undefined for what is no regular file. */
async function identityAt(path: string): Promise<string | undefined> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  return found?.isFile() ? identityOf(found) : undefined;
}

/** Without the device: NFS and btrfs give it another number at each mount. */
function identityOf({ ino, size, mtimeNs }: Pick<BigIntStats, 'ino' | 'size' | 'mtimeNs'>): string {
  return [ino, size, mtimeNs].join(':');
}

/** Undefined when the file is not the one that was looked at. @throws EngineError */
async function readSource(path: string, identity: string): Promise<TorrentSource | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const isTorrent = /\.torrent$/i.test(path);
    const bytes = await readSame(file, identity, isTorrent ? metainfoLimits.bytes : sourceTextLimit);
    if (bytes === undefined) return undefined;
    return isTorrent ? parseTorrentBytes(bytes, path) : parseSourceText(bytes.toString());
  } finally {
    await file.close();
  }
}

async function readSame(file: FileHandle, identity: string, limit: number): Promise<Buffer | undefined> {
  const before = await file.stat({ bigint: true });
  if (identityOf(before) !== identity) return undefined;
  if (before.size > limit) throw new EngineError('too-large', `it has ${before.size} bytes, and may have ${limit}`);
  const bytes = await file.readFile();
  return identityOf(await file.stat({ bigint: true })) === identity ? bytes : undefined;
}
