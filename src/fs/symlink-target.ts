import { sanitizeName } from './entry-names.ts';

/** The kernel takes at most a page less one byte from READLINK (`fs/fuse/dir.c`, `fuse_readlink_page`). */
const TARGET_BYTES_MAX = 4095;

/**
 * What `readlink` shows for a BEP 47 symlink, whose `symlink path` starts at the torrent's root: the same place, seen from
 * the link's directory. All of its `..` come first and are no more than the link is deep, so that the kernel, which walks
 * them by the directories and not by the text, cannot leave the torrent either. The target need not exist.
 *
 * @param directory sanitised components of the directory that holds the link
 * @param symlinkPath components as the torrent gives them
 * @returns undefined for a target outside the torrent, or one that no path can express
 */
export function relativeTarget(directory: readonly string[], symlinkPath: readonly string[]): string | undefined {
  const target = resolveInside(symlinkPath);
  if (target === undefined) return undefined;
  const common = commonLength(directory, target);
  const up = directory.slice(common).fill('..');
  const text = [...up, ...target.slice(common)].join('/') || '.';
  return Buffer.byteLength(text) <= TARGET_BYTES_MAX ? text : undefined;
}

/** An empty component means an absolute path, and one with a separator was not made by an honest client. */
function resolveInside(symlinkPath: readonly string[]): string[] | undefined {
  if (symlinkPath.length === 0) return undefined;
  const resolved: string[] = [];
  for (const component of symlinkPath) {
    if (component === '' || component.includes('/') || component.includes('\0')) return undefined;
    if (component === '.') continue;
    if (component !== '..') resolved.push(sanitizeName(component));
    else if (resolved.pop() === undefined) return undefined;
  }
  return resolved;
}

/** How many components two paths share from their beginning. */
export function commonLength(one: readonly string[], other: readonly string[]): number {
  let length = 0;
  while (length < one.length && length < other.length && one[length] === other[length]) length += 1;
  return length;
}
