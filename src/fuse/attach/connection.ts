import { existsSync, writeFileSync } from 'node:fs';
import { runCommand } from '../../util/run-command.ts';

/** Where fusectl shows each FUSE connection as a folder, named by the minor of its mount's device number. */
const CONNECTIONS = '/sys/fs/fuse/connections';

/**
 * Ends a connection at once: every pending and later request fails, whoever waits is released, and the server's device
 * reports the end. The mount itself stays in the tree until it is detached.
 *
 * @returns false when fusectl is not there, and could not be mounted
 */
export async function abortConnection(devMinor: number): Promise<boolean> {
  const file = `${CONNECTIONS}/${devMinor}/abort`;
  if (!existsSync(file) && process.geteuid?.() === 0) {
    await runCommand('mount', ['-t', 'fusectl', 'fusectl', CONNECTIONS]).catch(() => {});
  }
  try {
    writeFileSync(file, '1');
    return true;
  } catch {
    return false;
  }
}
