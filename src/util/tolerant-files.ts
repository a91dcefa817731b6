import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Looks at what may be gone or somebody else's, such as processes in /proc: then there is nothing. */

/** @returns an empty text for what cannot be read */
export function readText(path: string): string {
  return orElse('', () => readFileSync(path, 'utf8'));
}

/** @returns undefined for what is no symbolic link, too */
export function linkTarget(path: string): string | undefined {
  return orElse(undefined, () => readlinkSync(path));
}

/** Names in the folder; none where it cannot be listed. */
export function list(folder: string): string[] {
  return orElse([], () => readdirSync(folder));
}

/** Those names in the folder that are whole numbers, as of processes and descriptors. */
export function listNumbers(folder: string): number[] {
  return list(folder).map(Number).filter(Number.isInteger);
}

function orElse<T, E>(nothing: E, look: () => T): T | E {
  try {
    return look();
  } catch {
    return nothing;
  }
}
