import { fstatSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

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
    this.#disk = { open: path => open(path, 'r'), leadsTo, ...disk };
    this.#limits = limits;
  }

  /** Runs `use` with the file, which stays open at least until that is done. A failure closes it: the next user opens it afresh. */
  async with<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
    const known = this.#entries.get(path);
    const entry = known ?? { opening: this.#disk.open(path), users: 0, lastRound: 0, isRetired: false };
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    entry.users++;
    try {
      const file = await entry.opening;
      if (known === undefined || this.#disk.leadsTo(path, file)) return await use(file);
      this.#retire(path, entry);
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
    return this.with(path, use);
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

export interface OpenFilesDisk {
  readonly open: (path: string) => Promise<FileHandle>;
  readonly leadsTo: (path: string, file: FileHandle) => boolean;
}

export interface OpenFilesLimits {
  readonly files: number;
  /** An unused file is closed between one and two of these after its last use. */
  readonly idleMs: number;
}

/** 64 of the usual 1,024 descriptors; a player or a copy comes back within seconds. */
export const openFilesLimits: OpenFilesLimits = { files: 64, idleMs: 10_000 };

interface Entry {
  readonly opening: Promise<FileHandle>;
  users: number;
  lastRound: number;
  isRetired: boolean;
}

/** At once: both inodes are in memory, and a turn of the thread pool costs as much as a read. @throws Error the system's */
function leadsTo(path: string, file: FileHandle): boolean {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  const here = fstatSync(file.fd, { bigint: true });
  return there?.ino === here.ino && there.dev === here.dev;
}

function closeIfUnused(entry: Entry): void {
  if (entry.users > 0) return;
  entry.opening.then(file => file.close()).catch(() => {}); // it never opened, or its last write failed and was told
}
