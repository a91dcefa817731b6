import type { MountEntry } from '../fuse/index.ts';
import { linkTarget, list, listNumbers, readText } from '../util/tolerant-files.ts';

/**
 * The process that serves a mount, found in /proc without asking the mount: the one that has /dev/fuse open for the mount's
 * connection. Undefined when it is gone, or belongs to somebody else and we are not root.
 */
export function servingProcess({ mountpoint, devMinor }: MountEntry): number | undefined {
  const servers = listNumbers('/proc').filter(pid => pid !== process.pid && deviceFds(pid).length > 0);
  const byConnection = servers.find(pid => deviceFds(pid).some(fd => connectionOf(pid, fd) === devMinor));
  // Older kernels do not tell the connection of a descriptor; then the command line must do.
  return byConnection ?? servers.find(pid => commandLine(pid).includes(mountpoint) && !tellsConnections(pid));
}

export function isAlive(pid: number): boolean {
  // A zombie has ended; its parent just has not looked yet.
  return /^State:\s+[^ZX]/m.test(readText(`/proc/${pid}/status`));
}

function tellsConnections(pid: number): boolean {
  return deviceFds(pid).some(fd => connectionOf(pid, fd) !== undefined);
}

/** `fuse_connection` of /proc/pid/fdinfo/fd: the minor of the mount's device number. */
function connectionOf(pid: number, fd: string): number | undefined {
  const match = /^fuse_connection:\s*(\d+)/m.exec(readText(`/proc/${pid}/fdinfo/${fd}`));
  return match ? Number(match[1]) : undefined;
}

function deviceFds(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return list(folder).filter(fd => linkTarget(`${folder}/${fd}`) === '/dev/fuse');
}

function commandLine(pid: number): string[] {
  return readText(`/proc/${pid}/cmdline`).split('\0');
}
