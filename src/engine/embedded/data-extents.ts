import koffi from 'koffi';
import { partitionPoint } from '../../util/partition-point.ts';

/** A stretch of a file that has been written; `[start, endExclusive)`. */
export interface DataExtent {
  readonly start: number;
  readonly endExclusive: number;
}

/**
 * Where a sparse file has data, by SEEK_DATA and SEEK_HOLE (lseek(2)), which Node lacks. Moves the descriptor's position. A
 * filesystem that cannot tell says that everything is data, and so does this where the C library cannot be called.
 */
export class DataExtents {
  readonly #lseek: ((descriptor: number, offset: number, whence: number) => number) | undefined = loadLseek();

  of(descriptor: number, size: number): DataExtent[] {
    const lseek = this.#lseek;
    if (lseek === undefined) return size > 0 ? [{ start: 0, endExclusive: size }] : [];
    const extents: DataExtent[] = [];
    for (let offset = 0; offset < size; ) {
      const start = lseek(descriptor, offset, SEEK_DATA);
      if (start < 0) break; // ENXIO: only a hole is left
      const hole = lseek(descriptor, start, SEEK_HOLE);
      const endExclusive = hole > start ? Math.min(hole, size) : size;
      extents.push({ start, endExclusive });
      offset = endExclusive;
    }
    return extents;
  }
}

/** True if any byte of `[start, endExclusive)` is in one of the extents, which are in order. */
export function hasData(extents: readonly DataExtent[], start: number, endExclusive: number): boolean {
  const extent = extents[partitionPoint(extents, other => other.endExclusive <= start)];
  return extent !== undefined && extent.start < endExclusive;
}

// linux/fs.h
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

function loadLseek(): ((descriptor: number, offset: number, whence: number) => number) | undefined {
  try {
    return koffi.load('libc.so.6').func('int64_t lseek(int fd, int64_t offset, int whence)');
  } catch {
    return undefined; // another C library than glibc: every byte is read, which is slower
  }
}
