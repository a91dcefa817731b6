/**
 * Gives each file a range of keys in the block cache: block `n` of a file has the key `base + n`. A range is never given to
 * another file, so a key means the same bytes for as long as the mount lives. 32 bits of keys, at 256 KiB each, are 1 PiB of files.
 */
export class FileBases {
  readonly #bases: Map<string, number> = new Map();
  /** 0 is the key of an empty slot. */
  #next = 1;

  /**
   * @param file any text that is the same for the same bytes only
   * @returns the file's base, over 0; 0 when the keys are used up: the file is then not cached
   */
  baseOf(file: string, blockCount: number): number {
    const known = this.#bases.get(file);
    if (known !== undefined) return known;
    if (this.#next + blockCount > 2 ** 32) return 0;
    const base = this.#next;
    this.#next += blockCount;
    this.#bases.set(file, base);
    return base;
  }
}
