import type { CatalogFailure } from '../../catalog/catalog.ts';
import { Errno } from '../../fuse/abi/errno.ts';
import { toErrnoError } from '../errno-map.ts';

const names = new Map<number, string>(Object.entries(Errno).map(([name, number]) => [number, name]));

/** JSON lines, oldest first: time (ISO 8601), name, source, errno (its name), reason. */
export function errorsText(failures: readonly CatalogFailure[]): string {
  const lines = failures.map(({ atMs, name, source, error }) => ({
    time: new Date(atMs).toISOString(),
    name,
    source,
    errno: names.get(toErrnoError(error).errno) ?? 'EIO',
    reason: error.message,
  }));
  return lines.map(line => `${JSON.stringify(line)}\n`).join('');
}
