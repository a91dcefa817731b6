import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { checkedRead } from '../harness/checked-read.ts';
import { CLI } from '../harness/mount-process.ts';
import { oneRead } from '../harness/one-read.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { MiB, OneFileMount } from '../read/one-file-mount.ts';
import { FILM_SIZE, PartlyHeld, PIECE } from '../read/partly-held.ts';

it('a torrent that was deleted and is added at once is read from its new files', async () => {
  const file = await OneFileMount.start({ content: patternContent(16 * MiB) });
  await oneRead(file.path, { offset: 0, length: MiB });
  await runOk(process.execPath, [CLI, 'remove', file.mount.mountpoint, 'file', '--delete-data']);
  const torrentFile = join(await scratchFolder(), 'file.torrent');
  await writeFile(torrentFile, file.torrent.bytes);
  await runOk('cp', [torrentFile, file.mount.mountpoint]);

  const range = { offset: 8 * MiB, length: MiB };
  const { sha1 } = await oneRead(file.source, range);
  expect(await oneRead(file.path, range)).toMatchObject({ errno: null, bytes: MiB, sha1 });
});

it('what lay in a file that somebody deleted is fetched again into the one that is made in its place', async () => {
  const held = await PartlyHeld.start('embedded');
  await held.remount();
  await rm(held.payload('film.bin'));
  await held.bringRest();
  await oneRead(held.film, { offset: 8 * PIECE, length: PIECE });

  expect(await checkedRead(held.film, held.source)).toEqual({ right: FILM_SIZE, errno: null, wrong: false });
});
