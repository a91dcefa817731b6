import { createCipheriv, createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file of the sample, by its path below the folder. */
export interface SampleFile {
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Large enough for several reads of a mebibyte from several pieces, small enough for the slowest disk. */
const plan = [
  { path: 'film.mkv', bytes: 24 * 2 ** 20 + 12_345 },
  { path: 'subtitles/Español – größe.srt', bytes: 70_000 },
  { path: 'empty.txt', bytes: 0 },
];

/** Writes files of incompressible bytes, the same each time. */
export async function makeSample(folder: string): Promise<SampleFile[]> {
  const files: SampleFile[] = [];
  for (const [index, { path, bytes }] of plan.entries()) {
    const content = randomLookingBytes(index, bytes);
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    files.push({ path, bytes, sha256: createHash('sha256').update(content).digest('hex') });
  }
  return files;
}

function randomLookingBytes(seed: number, length: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(length));
}
