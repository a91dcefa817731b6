import { closeSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { messageOf } from '../util/error-facts.ts';
import { UsageError } from './errors.ts';

const messageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), lines: z.array(z.string()) }),
  z.object({ kind: z.literal('failed'), message: z.string(), isUsage: z.boolean() }),
]);

/** What a daemon tells the command that started it. */
export type ReadyMessage = z.infer<typeof messageSchema>;

/** The daemon's end of the pipe to the command that started it: one line of JSON, then it is closed. */
export class ReadyPipe {
  readonly #fd: number;
  #isOpen = true;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** @param lines what the command prints */
  ready(lines: readonly string[]): void {
    this.#send({ kind: 'ready', lines: [...lines] });
  }

  failed(error: unknown): void {
    const message = messageOf(error);
    this.#send({ kind: 'failed', message, isUsage: error instanceof UsageError });
  }

  #send(message: ReadyMessage): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      writeSync(this.#fd, `${JSON.stringify(message)}\n`);
    } catch {
      // Who started us is gone, and nobody is left to be told.
    } finally {
      closeSync(this.#fd);
    }
  }
}

/** @returns undefined when the daemon ended without a word */
export function parseReadyMessage(text: string): ReadyMessage | undefined {
  try {
    return messageSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
