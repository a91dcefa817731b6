import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { Seeder } from '../../swarm/seeder.ts';
import { LOOPBACK_ONLY } from '../harness/mount-process.ts';
import { mountTorrents } from '../harness/mount-torrents.ts';
import { type OneRead, oneRead } from '../harness/one-read.ts';
import { OpenReader } from '../harness/open-reader.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';

const PIECE = 2 ** 20;
const PIECES = 16;
/** The others are missing when the file is changed. */
const HELD = 12;
const pieceOf = (piece: number) => ({ offset: piece * PIECE, length: PIECE });

/** What was read once is soon out of memory, and what is ahead is missing until it is read. */
const LITTLE_MEMORY = ['--cache-size', '4M', '--read-ahead', '0'];

it.each<[string, string, (local: string) => Promise<unknown>]>([
  ['is deleted', 'right', rm],
  ['is cut', 'right', local => truncate(local, PIECE)],
  ['is overwritten', 'right', local => writeFile(local, wrong, { flag: 'r+' })],
  ['is replaced', 'right', local => inPlaceOf(local, theirs => writeFile(theirs, wrong))],
  ['becomes a directory', 'EIO', local => inPlaceOf(local, theirs => mkdir(theirs))],
  ['becomes a link', 'EIO', local => inPlaceOf(local, theirs => symlink('/dev/zero', theirs))],
  ['becomes a fifo', 'EIO', local => inPlaceOf(local, theirs => runOk('mkfifo', [theirs]))],
  ['becomes a device', 'EIO', local => inPlaceOf(local, theirs => runOk('mknod', [theirs, 'c', '1', '5']))], // zeros
])('a file that %s while it is open and half here is read with the outcome: %s', async (_, ends, change) => {
  const folder = await scratchFolder();
  const torrents = ['file', 'other'].map(name =>
    makeTorrent({ name, content: patternContent(PIECES * PIECE, name), pieceLength: PIECE }),
  );
  for (const torrent of torrents) writePayload(torrent, folder);
  const seeder = await Seeder.start({ torrents, payloadDir: folder });
  const mount = await mountTorrents(torrents, {
    args: [...LOOPBACK_ONLY, '--peer', seeder.address, ...LITTLE_MEMORY],
  });
  const outcome = async (name: string, piece: number, read: OneReadOf) => {
    const { sha1, errno } = await read(pieceOf(piece));
    return errno ?? (sha1 === (await oneRead(join(folder, name), pieceOf(piece))).sha1 ? 'right' : 'wrong');
  };
  const open = await OpenReader.start(mount.path('file')); // before there is a file on the disk
  const whileOpen = (piece: number) => outcome('file', piece, range => open.read(range));
  const anew = (name: string, piece: number) => outcome(name, piece, range => oneRead(mount.path(name), range));
  for (let piece = 0; piece < HELD; piece++) expect(await whileOpen(piece)).toBe('right');
  await anew('other', 0);

  const [file] = torrents;
  await change(join(mount.dataDir, 'torrents', file?.infoHash ?? '', 'files', 'file'));
  expect([await whileOpen(0), await anew('file', 1), await whileOpen(HELD), await anew('file', 2)]).toEqual(
    Array(4).fill(ends),
  );
  expect([await anew('other', 0), await anew('other', 1)]).toEqual(['right', 'right']);
  if (ends === 'right') for (let piece = 0; piece < PIECES; piece++) expect(await whileOpen(piece)).toBe('right');
});

type OneReadOf = (range: ReturnType<typeof pieceOf>) => Promise<Pick<OneRead, 'sha1' | 'errno'>>;

const wrong = Buffer.alloc(PIECES * PIECE, 7);

/** Puts what `make` makes in the place of the file. */
async function inPlaceOf(path: string, make: (theirs: string) => Promise<unknown>): Promise<void> {
  await make(`${path}.theirs`);
  await rm(path);
  await rename(`${path}.theirs`, path);
}
