import { join, resolve } from 'node:path';
import { type MountEntry, readMountTable, topmostAt } from '../fuse/index.ts';
import { linkTarget } from '../util/tolerant-files.ts';
import type { CliContext } from './context.ts';
import { CommandError } from './errors.ts';
import { isOurs } from './mounts.ts';

/** Where in which mount a path lies. */
export interface PathLocation {
  readonly mountpoint: string;
  /** Below the mount point, without a slash at either end; empty for the mount point itself. */
  readonly relativePath: string;
}

/** As many as Linux follows. */
const maxLinks = 40;

/** Follows symbolic links up to the mount point and goes no further, so that a mount that hangs is not touched. @throws CommandError */
export function locate(path: string, { directory }: Pick<CliContext, 'directory'>): PathLocation {
  const absolute = resolve(directory, path);
  const location = locateIn(readMountTable(), absolute, maxLinks);
  if (location !== undefined) return location;
  throw new CommandError(`${absolute} is in no torrent-fuse mount; 'torrent-fuse status' lists the mounts`);
}

function locateIn(table: readonly MountEntry[], path: string, linksLeft: number): PathLocation | undefined {
  const names = path.split('/').filter(name => name !== '');
  let parent = '/';
  for (const [index, name] of names.entries()) {
    const current = join(parent, name);
    const rest = names.slice(index + 1).join('/');
    const mounted = topmostAt(table, current);
    if (mounted !== undefined && isOurs(mounted)) return { mountpoint: current, relativePath: rest };
    const target = linkTarget(current);
    if (target !== undefined) {
      return linksLeft > 0 ? locateIn(table, resolve(parent, target, rest), linksLeft - 1) : undefined;
    }
    parent = current;
  }
  return undefined;
}
