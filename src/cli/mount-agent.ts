/**
 * A program: writes its standard input to a file of a mount, in a process of its own, because whoever touches a mount that
 * hangs is held by it. Its arguments are `create PATH` for a new file, `write PATH` for one that is there. The name of the errno
 * that open, write or close failed with goes to standard error.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { codeOf } from '../util/error-facts.ts';

const [operation, path = ''] = process.argv.slice(2);
try {
  write(path, operation === 'create' ? 'wx' : 'r+', readFileSync(process.stdin.fd));
} catch (error) {
  process.stderr.write(codeOf(error) ?? String(error));
  process.exitCode = 1;
}

function write(target: string, flags: string, data: Uint8Array): void {
  const fd = openSync(target, flags, 0o600);
  try {
    for (let written = 0; written < data.length; ) written += writeSync(fd, data, written);
  } finally {
    closeSync(fd);
  }
}
