import { FileType } from '../abi/flags.ts';
import { StructSize } from '../abi/struct-sizes.ts';
import type { DirectorySink, Entry } from '../filesystem.ts';
import { putEntry } from './reply-encoder.ts';

/** Packs directory entries one after another: `fuse_dirent`, or `fuse_direntplus`, each padded to 8 bytes. */
export class DirectoryPacker implements DirectorySink {
  #bytes = new Uint8Array(0);
  #words = new Uint32Array(0);
  #capacity = 0;
  #plus = false;
  #length = 0;

  /** Begins a reply of at most `capacity` bytes; the memory of the last one is used again. */
  begin(capacity: number, plus: boolean): void {
    if (capacity > this.#bytes.length) {
      this.#bytes = new Uint8Array((capacity + 7) & ~7);
      this.#words = new Uint32Array(this.#bytes.buffer);
    }
    this.#capacity = capacity;
    this.#plus = plus;
    this.#length = 0;
  }

  add(name: Uint8Array, cookie: number, entry: Entry): boolean {
    const direntAt = this.#length + (this.#plus ? StructSize.ENTRY_OUT : 0);
    const nameAt = direntAt + StructSize.DIRENT;
    const end = (nameAt + name.length + 7) & ~7;
    if (end > this.#capacity) return false;
    if (this.#plus) putEntry(this.#words, this.#length / 4, entry);
    this.#putDirent(direntAt / 4, name.length, cookie, entry);
    this.#bytes.set(name, nameAt);
    this.#bytes.fill(0, nameAt + name.length, end);
    this.#length = end;
    return true;
  }

  /** What was packed since {@link begin}. */
  packed(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #putDirent(at: number, nameLength: number, cookie: number, entry: Entry): void {
    const words = this.#words;
    words[at] = entry.attributes.inodeLow;
    words[at + 1] = entry.attributes.inodeHigh;
    words[at + 2] = cookie;
    words[at + 3] = Math.floor(cookie / 2 ** 32);
    words[at + 4] = nameLength;
    words[at + 5] = (entry.attributes.mode & FileType.MASK) >>> 12; // DT_* of dirent.h
  }
}
