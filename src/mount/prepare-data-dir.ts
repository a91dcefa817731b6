import { chmod, lstat, mkdir } from 'node:fs/promises';
import { messageOf } from '../util/error-facts.ts';
import { MountError } from './mount-handle.ts';

/**
 * Makes the folder, readable by its owner alone: the names of what one reads are nobody else's business.
 *
 * @throws MountError `data-dir`
 */
export async function prepareDataDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const stats = await lstat(path);
    if (!stats.isDirectory()) {
      throw new MountError('data-dir', `data directory ${path} is not a directory; choose another with --data-dir`);
    }
    if (process.getuid?.() !== stats.uid) {
      throw new MountError(
        'data-dir',
        `data directory ${path} belongs to user ${stats.uid}; choose one of your own with --data-dir`,
      );
    }
    await chmod(path, 0o700);
  } catch (error) {
    if (error instanceof MountError) throw error;
    const reason = messageOf(error);
    throw new MountError('data-dir', `cannot use data directory ${path}: ${reason}; choose another with --data-dir`, {
      cause: error,
    });
  }
}
