import type { FilesystemStatistics } from '../fuse/filesystem.ts';

const FIELDS = ['blockSize', 'blocks', 'blocksFree', 'blocksAvailable', 'files', 'filesFree', 'nameLengthMax'] as const;

/**
 * The numbers of `statfs`, in memory that main writes and every thread reads. Each number is whole; that they belong to one
 * moment is not promised, nor does anybody ask.
 */
export class MountStatistics {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Float64Array;

  constructor(memory = new SharedArrayBuffer(FIELDS.length * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#numbers = new Float64Array(memory);
  }

  write(statistics: FilesystemStatistics): void {
    for (const [index, field] of FIELDS.entries()) this.#numbers[index] = statistics[field];
  }

  readInto(statistics: FilesystemStatistics): void {
    for (let index = 0; index < FIELDS.length; index += 1) {
      const field = FIELDS[index];
      if (field !== undefined) statistics[field] = this.#numbers[index] ?? 0;
    }
  }
}
