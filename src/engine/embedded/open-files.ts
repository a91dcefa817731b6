import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { codeOf } from '../../util/error-facts.ts';

/**
 * Open files by path, shared by those who use one at the same time. A file stays open for a while after its last use; it is
 * closed when too many are open, nobody came back, or its path leads to another file: what is written there meanwhile would be
 * holes in the one that is open.
 */
export class OpenFiles {
  readonly #disk: OpenFilesDisk;
  readonly #limits: OpenFilesLimits;
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry>();
  #timer: NodeJS.Timeout | undefined;
  /** Counts the timer's rounds. */
  #round = 0;

  constructor(disk: Partial<OpenFilesDisk> = {}, limits = openFilesLimits) {
    this.#disk = { open: openForReading, leadsTo, onReplaced: () => {}, ...disk };
    this.#limits = limits;
  }

  /**
   * Runs `use` with the file, which stays open at least until that is done. When the path leads to another file by then, `use`
   * runs again, with that one: only what happened to the file at the path counts. A failure closes the file: the next user opens
   * it afresh.
   *
   * @throws Error the system's, that of `use`, or one that says that the file is replaced all the time
   */
  async with<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const used = await this.#use(path, use);
      if (used !== undefined) return used.result;
    }
    throw new Error('the file is replaced all the time');
  }

  /** Undefined when the path led to another file once it was used. */
  async #use<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<{ readonly result: T } | undefined> {
    const entry = this.#entries.get(path) ?? {
      opening: this.#disk.open(path),
      users: 0,
      lastRound: 0,
      isRetired: false,
    };
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    entry.users++;
    try {
      const file = await entry.opening;
      const result = await use(file);
      if (await this.#disk.leadsTo(path, file)) return { result };
      this.#retire(path, entry);
      this.#disk.onReplaced(path);
      return undefined;
    } catch (error) {
      this.#retire(path, entry);
      throw error;
    } finally {
      entry.users--;
      entry.lastRound = this.#round;
      if (entry.isRetired) closeIfUnused(entry);
      this.#retireSurplus();
      this.#keepTime();
    }
  }

  /** Closes what is in use as soon as it is no longer. */
  closeAll(): void {
    for (const [path, entry] of this.#entries) this.#retire(path, entry);
    this.#keepTime();
  }

  #retireSurplus(): void {
    for (const [path, entry] of this.#entries) {
      if (this.#entries.size <= this.#limits.files) return;
      if (entry.users === 0) this.#retire(path, entry);
    }
  }

  #keepTime(): void {
    if (this.#entries.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#retireIdle(), this.#limits.idleMs);
      this.#timer.unref();
    }
  }

  #retireIdle(): void {
    for (const [path, entry] of this.#entries) {
      if (entry.users === 0 && entry.lastRound < this.#round) this.#retire(path, entry);
    }
    this.#round++;
    this.#keepTime();
  }

  #retire(path: string, entry: Entry): void {
    if (this.#entries.get(path) === entry) this.#entries.delete(path);
    entry.isRetired = true;
    closeIfUnused(entry);
  }
}

/** What lies at the path can be opened, and is no file with bytes of its own. */
export class NotRegularError extends Error {
  override readonly name = 'NotRegularError';
}

export interface OpenFilesDisk {
  readonly open: (path: string) => Promise<FileHandle>;
  readonly leadsTo: (path: string, file: FileHandle) => Promise<boolean>;
  /** The path no longer leads to the file that was open. Called before what is there now is opened. */
  readonly onReplaced: (path: string) => void;
}

export interface OpenFilesLimits {
  readonly files: number;
  /** An unused file is closed between one and two of these after its last use. */
  readonly idleMs: number;
}

/** 64 of the usual 1,024 descriptors; a player or a copy comes back within seconds. */
export const openFilesLimits: OpenFilesLimits = { files: 64, idleMs: 10_000 };

/** Nobody replaces a file so often; a filesystem that gives it another inode number each time must not hold a reader for good. */
const MAX_ATTEMPTS = 10;

interface Entry {
  readonly opening: Promise<FileHandle>;
  users: number;
  lastRound: number;
  isRetired: boolean;
}

/** Not blocking, lest a fifo of that name hold a thread of the pool for good; and no link that somebody put there is followed. */
function openForReading(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
}

/** Never at once: the path may be on a server that does not answer. @throws Error the system's, or that it is no regular file */
async function leadsTo(path: string, file: FileHandle): Promise<boolean> {
  const [there, here] = await Promise.all([statOf(path), file.stat({ bigint: true })]);
  if (!here.isFile()) throw new NotRegularError('it is no regular file'); // a device gives bytes, too
  return there?.ino === here.ino && there.dev === here.dev;
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function closeIfUnused(entry: Entry): void {
  if (entry.users > 0) return;
  entry.opening.then(file => file.close()).catch(() => {}); // it never opened, or its last write failed and was told
}
