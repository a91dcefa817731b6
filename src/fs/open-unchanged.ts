import { closeSync, constants, fstatSync, open, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { stateFrom } from '../engine/index.ts';
import type { VerifiedFile } from '../read/reader.ts';

/**
 * Opens the very file that was verified, in the state in which it was. The caller closes the descriptor. Undefined when the file is
 * gone, or another one, or was written to.
 */
export async function openUnchanged({ path, state, mayHang }: VerifiedFile): Promise<number | undefined> {
  let fd: number;
  try {
    fd = mayHang ? await openLater(path, FLAGS) : openSync(path, FLAGS);
  } catch {
    return undefined;
  }
  // At once: the inode of an open file is in memory.
  if (stateFrom(fstatSync(fd, { bigint: true })) === state) return fd;
  closeSync(fd);
  return undefined;
}

const openLater = promisify(open);

/** Not blocking, lest a fifo that somebody put there hold us up. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
