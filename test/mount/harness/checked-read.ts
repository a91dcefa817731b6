import { fileURLToPath } from 'node:url';
import { asUser } from './mount-process.ts';
import { runOk } from './run.ts';

const SCRIPT = fileURLToPath(new URL('checked_reader.py', import.meta.url));

/** What a program got that read a file from its beginning. */
export interface CheckedRead {
  /** Bytes that were those of the source, before the end or the error. */
  readonly right: number;
  /** The errno's name; null when it came to the end. */
  readonly errno: string | null;
  /** Whether any byte was another than the source's, or missing. */
  readonly wrong: boolean;
}

export interface CheckedReadOptions {
  readonly timeoutMs?: number;
  /** Of the reader; the caller's user when left out. */
  readonly uid?: number;
}

/** Reads a mounted file in a child process, beside its source. */
export async function checkedRead(
  mounted: string,
  source: string,
  { timeoutMs = 100_000, uid }: CheckedReadOptions = {},
): Promise<CheckedRead> {
  const command = asUser(uid, '/usr/bin/python3', [SCRIPT, mounted, source]);
  return JSON.parse(await runOk(...command, { timeoutMs }));
}
