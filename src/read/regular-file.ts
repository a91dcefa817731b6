import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Opens a regular file to read. Never hangs at a fifo, never follows a link that somebody put in the file's place. */
export async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Error(`${path} is no regular file`);
}

/** Exactly `length` bytes from `position`. @throws Error when the file ends before */
export async function readExactly(file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw new Error(`the file ends at ${position + done}`);
    done += bytesRead;
  }
}
