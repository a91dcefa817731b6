import { linkTarget, listNumbers, readText } from '../util/tolerant-files.ts';

/** A process that keeps a mount busy. */
export interface Holder {
  readonly pid: number;
  readonly command: string;
  /** What it holds, such as `working directory` or a file below the mount point. */
  readonly what: string;
}

/**
 * Who has a file of the mount open, mapped, or as its working or root directory. Reads only /proc, so a mount that does not
 * answer does no harm. Ordinary users see only processes of their own.
 */
export function findHolders(mountpoint: string): Holder[] {
  return listNumbers('/proc').flatMap(pid => {
    const what = heldBy(pid, mountpoint);
    return what === undefined ? [] : [{ pid, command: commandOf(pid), what }];
  });
}

/** `vlc (812) by film.mkv, bash (790) by its working directory`; no more than five. */
export function describeHolders(holders: readonly Holder[]): string {
  if (holders.length === 0) return 'no process that may be seen here; root sees all';
  const shown = holders.slice(0, 5).map(({ pid, command, what }) => `${command} (${pid}) by ${what}`);
  return holders.length > shown.length
    ? `${shown.join(', ')} and ${holders.length - shown.length} more`
    : shown.join(', ');
}

function heldBy(pid: number, mountpoint: string): string | undefined {
  const below = (path: string | undefined) => path === mountpoint || path?.startsWith(`${mountpoint}/`);
  const folder = `/proc/${pid}`;
  if (below(linkTarget(`${folder}/cwd`))) return 'its working directory';
  if (below(linkTarget(`${folder}/root`))) return 'its root directory';
  const open = listNumbers(`${folder}/fd`).map(fd => linkTarget(`${folder}/fd/${fd}`));
  const held = open.find(below) ?? mappedFiles(pid).find(below);
  return held === undefined ? undefined : held.slice(mountpoint.length + 1) || 'the mount point itself';
}

/** Field 6 of each line of /proc/pid/maps (proc(5)). */
function mappedFiles(pid: number): string[] {
  return readText(`/proc/${pid}/maps`)
    .split('\n')
    .map(line => line.split(/\s+/).slice(5).join(' '));
}

function commandOf(pid: number): string {
  return readText(`/proc/${pid}/comm`).trim() || 'a process';
}
