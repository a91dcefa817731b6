import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { CommandError } from './errors.ts';

/** How a program is run and what is kept of it. */
export interface ChildOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Enough of the end of a program's output to see what it died of. */
const keptCharacters = 8000;

/** A Node program of ours in a process of its own; it ends when its standard input does, or on SIGTERM. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  #stdout = '';
  #stderr = '';

  /** @param name what messages call it */
  constructor(name: string, args: readonly string[], { environment, signal }: ChildOptions) {
    this.name = name;
    this.#process = spawn(process.execPath, [...process.execArgv, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environment,
      signal,
    });
    this.#process.on('error', () => {}); // the abort of the signal, which whoever waits hears of by `exit`
    this.#process.stdin?.on('error', () => {});
    this.#process.stdout?.on('data', chunk => {
      this.#stdout = `${this.#stdout}${chunk}`;
    });
    this.#process.stderr?.on('data', chunk => {
      this.#stderr = `${this.#stderr}${chunk}`.slice(-keptCharacters);
    });
  }

  /** The rest of the first line of its output that begins so. @throws CommandError when it ends before */
  async line(prefix: string): Promise<string> {
    for (;;) {
      const line = this.#stdout
        .split('\n')
        .slice(0, -1)
        .find(each => each.startsWith(prefix));
      if (line !== undefined) return line.slice(prefix.length);
      if (this.#hasEnded) throw new CommandError(`${this.name} ended before it was ready: ${this.lastWords}`);
      await Promise.race([once(this.#process.stdout ?? this.#process, 'data'), once(this.#process, 'close')]);
    }
  }

  /** All of its output, once it has ended well. @throws CommandError otherwise */
  async output(): Promise<string> {
    if (!this.#hasEnded) await once(this.#process, 'close');
    if (this.#process.exitCode !== 0) throw new CommandError(`${this.name} failed: ${this.lastWords}`);
    return this.#stdout;
  }

  /** Ends it and resolves when it is gone. Never rejects. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.#process, 'close');
    this.#process.stdin?.end();
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 12_000);
    await ended;
    clearTimeout(timer);
  }

  get lastWords(): string {
    const lines = this.#stderr.trim().split('\n');
    // A stack trace says what happened in the line that names the error.
    return lines.find(line => /^\[?\w*Error\b|^torrent-fuse: /.test(line)) ?? lines.at(-1) ?? 'it said nothing';
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
