import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';

/** What a finished child process left behind. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** SHA-256 of the raw bytes on stdout, which need not be text. */
  readonly stdoutSha256: string;
}

export interface RunOptions {
  /** The process is killed when it lasts longer: nothing that touches a mount may hang a test for ever. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  /** Kept text of stdout is cut after this many bytes; the hash is of all. */
  readonly keepBytes?: number;
  readonly signal?: AbortSignal;
}

/** Runs a command to its end, whatever its exit code. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { timeoutMs = 60_000, keepBytes = 16 << 20 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const hash = createHash('sha256');
    const stdout = new Collector(keepBytes);
    const stderr = new Collector(keepBytes);
    child.stdout.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      stdout.add(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout: stdout.text(), stderr: stderr.text(), stdoutSha256: hash.digest('hex') });
    });
    child.stdin.on('error', () => {}); // a child that does not read its input is no failure of ours
    child.stdin.end(options.input);
  });
}

/** Runs a command that must succeed, and returns its stdout. */
export async function runOk(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await run(command, args, options);
  if (finished.code !== 0) {
    const how = finished.signal ? `was ended by ${finished.signal}` : `exited with ${finished.code}`;
    throw new Error(
      `${command} ${args.join(' ')} ${how}\n${finished.stderr.slice(-4000)}${finished.stdout.slice(-1000)}`,
    );
  }
  return finished.stdout;
}

/** Runs a shell script (`bash -c`), with `args` as `$1`, `$2`, … */
export function shell(script: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Finished> {
  return run('bash', ['-c', script, 'bash', ...args], options);
}

class Collector {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: Buffer): void {
    if (this.#size < this.#limit) this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(0, this.#limit).toString('utf8');
  }
}
