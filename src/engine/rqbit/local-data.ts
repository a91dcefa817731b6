import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { LocalFile } from '../pieces.ts';

export interface ServerFile {
  /** A folder on the server's machine, which may or may not be this one. */
  readonly folder: string;
  /** Below the folder, as rqbit lays them out. Hostile. */
  readonly components: readonly string[];
  /** Bytes of the whole file. */
  readonly length: number;
}

/**
 * Where the server's file can be read on this machine, if it can. That a file of that name is here proves nothing: it may be
 * another machine's path, and rqbit writes blocks before it has checked them; so each piece must be hashed before it is
 * believed. No symlink is followed below the folder, and nothing but an ordinary file is opened.
 */
export async function findLocalFile({ folder, components, length }: ServerFile): Promise<LocalFile | undefined> {
  if (!isAbsolute(folder) || !components.every(isPlainName)) return undefined;
  const path = join(folder, ...components);
  try {
    if (!(await leadsThroughFolders(folder, components))) return undefined;
    return (await isReadableFile(path, length)) ? { path, mustVerify: true } : undefined;
  } catch {
    return undefined; // absent, not permitted, on another machine: all the same
  }
}

function isPlainName(component: string): boolean {
  return component !== '' && component !== '.' && component !== '..' && !/[/\0]/.test(component);
}

async function leadsThroughFolders(folder: string, components: readonly string[]): Promise<boolean> {
  let path = folder;
  for (const component of components.slice(0, -1)) {
    path = join(path, component);
    if (!(await lstat(path)).isDirectory()) return false;
  }
  return true;
}

async function isReadableFile(path: string, length: number): Promise<boolean> {
  // Not blocking, lest a fifo of that name hold us up.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    return stat.isFile() && stat.size <= length;
  } finally {
    await file.close();
  }
}
