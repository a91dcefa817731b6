import { writevSync } from 'node:fs';
import { codeOf } from '../util/error-facts.ts';
import type { Logger } from '../util/logger.ts';
import type { ReplyParts } from './codec/reply-encoder.ts';
import type { ReplySink } from './dispatcher.ts';

/**
 * Writes replies to the device, one writev each. Every thread may have its own on the same descriptor: the kernel takes a
 * reply whole or not at all. Parts may lie in shared memory.
 */
export class ReplyWriter implements ReplySink {
  readonly #fd: number;
  readonly #logger: Logger;
  #closed = false;

  constructor(fd: number, logger: Logger) {
    this.#fd = fd;
    this.#logger = logger;
  }

  write(parts: ReplyParts): void {
    if (this.#closed) return;
    try {
      writevSync(this.#fd, parts);
    } catch (error) {
      // ENOENT: the request is gone (its caller was killed, or the kernel gave it up). ENODEV: the mount is.
      const code = codeOf(error);
      if (code !== 'ENOENT' && code !== 'ENODEV') this.#logger.error({ error }, 'the kernel refused a reply');
    }
  }

  /** Nothing is written any more: the descriptor may be closed and its number taken by another file. */
  close(): void {
    this.#closed = true;
  }
}
