import { fileURLToPath } from 'node:url';
import { runOk } from './run.ts';

const SCRIPT = fileURLToPath(new URL('one_read.py', import.meta.url));

/** What came of one call of pread(2). */
export interface OneRead {
  readonly bytes: number;
  readonly sha1: string;
  /** The errno's name; null when there was none. */
  readonly errno: string | null;
  readonly seconds: number;
}

/** Opens a file in a child process, reads once, and closes it. */
export async function oneRead(
  path: string,
  { offset, length, nonBlocking = false }: { offset: number; length: number; nonBlocking?: boolean },
): Promise<OneRead> {
  const flags = nonBlocking ? ['nonblock'] : [];
  return JSON.parse(await runOk('/usr/bin/python3', [SCRIPT, path, `${offset}`, `${length}`, ...flags]));
}
