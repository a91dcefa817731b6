import { expect, it } from 'vitest';
import type { MirroredFile } from '../../src/fs/virtual-files/torrent-mirror.ts';
import { Errno } from '../../src/fuse/index.ts';
import type { ObservedMount } from '../../src/mount/observation/observed-mount.ts';
import { observedContents } from '../../src/mount/observation/virtual-contents.ts';

it.each(['why', 'why-json'])('%s of a file that is gone or called otherwise by now is ENOENT', async name => {
  const mount = { explain: async () => undefined } as unknown as ObservedMount;
  const explained = observedContents(() => mount).mirrors?.[name];
  const opened = async () => explained?.({ path: 'film.mkv' } as MirroredFile, new AbortController().signal);
  await expect(opened()).rejects.toMatchObject({ errno: Errno.ENOENT });
});
