import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * Bytes that look random and that anyone can make again: AES-CTR of zeros under a key made from `seed`, `length` bytes from
 * `offset` on.
 */
export function patternBytes(seed: string, offset: number, length: number): Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  const firstBlock = Math.floor(offset / 16);
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt(firstBlock), 8);
  const skip = offset - firstBlock * 16;
  const cipher = createCipheriv('aes-128-ctr', key, counter);
  return cipher.update(Buffer.alloc(skip + length)).subarray(skip);
}

/** Writes the first `length` pattern bytes of `seed` to a file. */
export async function writePattern(path: string, seed: string, length: number): Promise<void> {
  await writePatternParts(path, seed, length, [{ offset: 0, length }]);
}

/** Writes a sparse file that has its pattern bytes only in `parts`, and zeros elsewhere. */
export async function writePatternParts(
  path: string,
  seed: string,
  length: number,
  parts: readonly { readonly offset: number; readonly length: number }[],
): Promise<void> {
  const chunk = 8 << 20;
  const file = await open(path, 'w');
  try {
    await file.truncate(length);
    for (const part of parts) {
      for (let done = 0; done < part.length; done += chunk) {
        const size = Math.min(chunk, part.length - done);
        await file.write(patternBytes(seed, part.offset + done, size), 0, size, part.offset + done);
      }
    }
  } finally {
    await file.close();
  }
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}
