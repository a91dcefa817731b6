import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { OneRead } from './one-read.ts';

const SCRIPT = fileURLToPath(new URL('open_reader.py', import.meta.url));

/** A child process that has a file open until the test is over. */
export class OpenReader {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: ChildProcess, lines: AsyncIterator<string>) {
    this.#process = process;
    this.#lines = lines;
  }

  static async start(path: string): Promise<OpenReader> {
    const child = spawn('/usr/bin/python3', [SCRIPT, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    });
    const reader = new OpenReader(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    await reader.#answer();
    return reader;
  }

  /** One call of pread(2). */
  async read({ offset, length }: { offset: number; length: number }): Promise<Omit<OneRead, 'seconds'>> {
    this.#process.stdin?.write(`${offset} ${length}\n`);
    return JSON.parse(await this.#answer());
  }

  async #answer(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the reader is gone');
    return value;
  }
}
