import { type BigIntStats, statSync } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';

/**
 * What tells that a file is the same as it was: device, inode, size, mtime and ctime, the times to the nanosecond. A write
 * through a descriptor changes the ctime, which no program can set back.
 */
export type FileState = string & { readonly __brand: 'FileState' };

/** Rejects with the system's error. */
export async function stateOf(file: string | FileHandle): Promise<FileState> {
  const options = { bigint: true } as const;
  return stateFrom(typeof file === 'string' ? await stat(file, options) : await file.stat(options));
}

/** At once, for files that this process writes itself or holds open. Undefined when there is none. @throws Error the system's */
export function stateNow(path: string): FileState | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : stateFrom(stats);
}

/** Where the file has been looked at already. */
export function stateFrom({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileState {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}` as FileState; // the one place that makes them
}
