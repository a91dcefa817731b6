import { closeSync, constants, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Replaces the file, for its owner alone, so that after a crash either the old content is there or the new one, whole.
 * Blocks until it is on the disk.
 */
export function replaceFile(path: string, content: Uint8Array): void {
  const temporary = `${path}.new`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  const fd = openSync(temporary, flags, 0o600);
  try {
    writeAll(fd, content, 0);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** write(2) may take less than it was given. */
export function writeAll(fd: number, content: Uint8Array, position: number): void {
  let written = 0;
  while (written < content.length) {
    written += writeSync(fd, content, written, content.length - written, position + written);
  }
}

/** Makes the names in the directory as durable as their files. */
function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
