/**
 * A program: does one thing to a file of a mount, in a process of its own, because whoever touches a mount that hangs is held
 * by it. Its arguments are `read PATH`, `create PATH` or `write PATH`; what is read goes to standard output, what is written
 * comes from standard input, in one write(2). The code of a failure goes to standard error.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const [operation, path = ''] = process.argv.slice(2);
try {
  if (operation === 'read') process.stdout.write(readFileSync(path));
  else write(path, operation === 'create' ? 'wx' : 'r+', readFileSync(process.stdin.fd));
} catch (error) {
  process.stderr.write(error instanceof Error && 'code' in error ? String(error.code) : String(error));
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
