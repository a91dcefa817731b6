import { fileURLToPath } from 'node:url';
import type { MountProcess } from './mount-process.ts';
import { run } from './run.ts';

const SCRIPT = fileURLToPath(new URL('random_reader.py', import.meta.url));

/** A mounted file, and the one that it must equal. */
export interface MountedFile {
  readonly mounted: string;
  readonly source: string;
}

export interface RandomReadsOptions {
  readonly seed: number;
  /** Processes that read at once. */
  readonly readers: number;
  /** Of all readers together. */
  readonly operations: number;
  /** They stop then, however far they are. */
  readonly seconds: number;
}

/** What programs got that opened, read, sought, mapped and closed files at random. */
export interface RandomReads {
  readonly operations: number;
  /** By errno and file: `EAGAIN of film.bin`. */
  readonly errors: Readonly<Record<string, number>>;
  /** Reads that gave other bytes than the source's, or fewer. */
  readonly wrong: readonly string[];
}

/** Reads mounted files in child processes, beside their sources. */
export async function readAtRandom(
  mount: MountProcess,
  files: readonly MountedFile[],
  options: RandomReadsOptions,
): Promise<RandomReads> {
  const paths = files.flatMap(({ mounted, source }) => [mounted, source]);
  const readers = Array.from({ length: options.readers }, (_, reader) =>
    read(mount, options, [`${options.seed + reader}`, `${options.operations / options.readers}`, ...paths]),
  );
  return (await Promise.all(readers)).reduce(together);
}

async function read(
  mount: MountProcess,
  { seconds }: RandomReadsOptions,
  [seed = '', operations = '', ...paths]: readonly string[],
): Promise<RandomReads> {
  const command = mount.asMounter('/usr/bin/python3', [SCRIPT, seed, operations, `${seconds}`, ...paths]);
  const { stdout, stderr, signal } = await run(...command, { timeoutMs: (seconds + 60) * 1000 });
  if (stdout === '') throw new Error(`a reader was ended by ${signal}: ${stderr}`);
  return JSON.parse(stdout);
}

function together(a: RandomReads, b: RandomReads): RandomReads {
  const errors = { ...a.errors };
  for (const [name, count] of Object.entries(b.errors)) errors[name] = (errors[name] ?? 0) + count;
  return { operations: a.operations + b.operations, errors, wrong: [...a.wrong, ...b.wrong] };
}
