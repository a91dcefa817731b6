import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { MountStatistics } from '../fs/mount-statistics.ts';
import type { Logger } from '../util/logger.ts';

/** Free space changes slowly, and `df` is asked by people. */
const INTERVAL_MS = 5000;
/** Of ext4, xfs and btrfs, and of every name that the tree gives. */
const NAME_LENGTH_MAX = 255;

export interface DiskSpaceOptions {
  /** A path on the disk that holds the payload. */
  readonly path: string;
  readonly statistics: MountStatistics;
  readonly logger: Logger;
  /** statfs(2), which may hang. */
  readonly ask?: (path: string) => Promise<StatsFs>;
}

/**
 * Keeps the numbers of `statfs` those of the disk that the payload is on. Asked now and then, never when the kernel asks: a
 * network disk that hangs must not hang `df` here.
 */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;

  private constructor(options: DiskSpaceOptions) {
    this.#options = options;
  }

  /** Resolves when the first numbers are there. */
  static async start(options: DiskSpaceOptions): Promise<DiskSpace> {
    const space = new DiskSpace(options);
    await space.#refresh();
    space.#timer = setInterval(() => void space.#refresh(), INTERVAL_MS);
    space.#timer.unref();
    return space;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #refresh(): Promise<void> {
    const { path, statistics, logger, ask = statfs } = this.#options;
    // Each question that hangs keeps one of the few threads that ask the system for all of this process.
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const { bsize, blocks, bfree, bavail, files, ffree } = await ask(path);
      statistics.write({
        blockSize: bsize,
        blocks,
        blocksFree: bfree,
        blocksAvailable: bavail,
        files,
        filesFree: ffree,
        nameLengthMax: NAME_LENGTH_MAX,
      });
    } catch (error) {
      logger.warn({ path, error }, 'cannot ask for the free space of the disk');
    } finally {
      this.#isAsking = false;
    }
  }
}
