import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { runCommand } from '../../util/run-command.ts';

/** Where fusectl shows each FUSE connection as a folder, named by the minor of its mount's device number. */
const CONNECTIONS = '/sys/fs/fuse/connections';

/**
 * Ends a connection at once: every pending and later request fails, whoever waits is released, and the server's device
 * reports the end. The mount itself stays in the tree until it is detached.
 *
 * @param devMinor of a mount that is in the tree: what is detached may be gone, and its number another mount's
 * @returns false when fusectl is not there, and could not be mounted
 */
export async function abortConnection(devMinor: number): Promise<boolean> {
  return await withAbort(devMinor, async abort => abort());
}

/**
 * Runs `use` with what ends the connection as {@link abortConnection} does. It means this connection alone, also when `use`
 * detaches the mount and the number is given to another meanwhile.
 */
export async function withAbort<T>(devMinor: number, use: (abort: () => boolean) => Promise<T>): Promise<T> {
  const fd = await openAbort(devMinor);
  try {
    return await use(() => fd !== undefined && writes(fd));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The kernel keeps the open file to its connection, and does nothing when that is gone. */
async function openAbort(devMinor: number): Promise<number | undefined> {
  const file = `${CONNECTIONS}/${devMinor}/abort`;
  if (!existsSync(file) && process.geteuid?.() === 0) {
    await runCommand('mount', ['-t', 'fusectl', 'fusectl', CONNECTIONS]).catch(() => {});
  }
  try {
    return openSync(file, 'w');
  } catch {
    return undefined;
  }
}

function writes(fd: number): boolean {
  try {
    writeSync(fd, '1');
    return true;
  } catch {
    return false;
  }
}
