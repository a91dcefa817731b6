/**
 * A program: reads every file below the folder that its first argument names and prints, as one line of JSON, a
 * {@link FileHash} for each. A process of its own, because one that reads a mount can be held by it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface FileHash {
  readonly path: string;
  readonly sha256: string;
}

const folder = process.argv[2] ?? '';
const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const hashes: FileHash[] = [];
for (const entry of entries) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  hashes.push({ path: relative(folder, path), sha256: hash.digest('hex') });
}
process.stdout.write(`${JSON.stringify(hashes)}\n`);
