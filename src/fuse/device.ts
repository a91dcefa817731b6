import { readSync } from 'node:fs';

/** Where requests come from. */
export interface Device {
  /**
   * Blocks until the kernel has a request, and returns its length.
   *
   * @throws NodeJS.ErrnoException as read(2) of /dev/fuse
   */
  read(buffer: Uint8Array): number;
}

/** An open /dev/fuse. */
export class FuseDevice implements Device {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(buffer: Uint8Array): number {
    return readSync(this.#fd, buffer);
  }
}
