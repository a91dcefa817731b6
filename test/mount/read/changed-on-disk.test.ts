import { open, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { makeTorrent, writePayload } from '../../fixtures/make-torrent.ts';
import { RqbitServer } from '../../swarm/rqbit-server.ts';
import { checkedRead } from '../harness/checked-read.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { overRqbit } from '../rqbit/over-rqbit.ts';
import { MiB, OneFileMount } from './one-file-mount.ts';

const PIECE = 2 ** 18;
const SIZE = 16 * MiB;
/** In two pieces: that the second is wrong, too, must not be forgotten over the first. */
const FLIPPED = [9 * MiB + 12_345, 13 * MiB + 7] as const;
const content = patternContent(SIZE, 'flip');

/** So small that what was read once is not in memory any more. */
const FEW_BYTES = ['--cache-size', '4M'];

/** A complete file: its mount, where its bytes lie, and whether there is another copy for what is wrong with them. */
interface Complete {
  readonly file: OneFileMount;
  readonly local: string;
}

const mounts: Readonly<Record<string, { start: () => Promise<Complete>; ends: 'right' | 'EIO' }>> = {
  'the embedded engine': {
    ends: 'right', // a peer has it
    async start() {
      const file = await OneFileMount.start({ content, pieceLength: PIECE, more: FEW_BYTES });
      return { file, local: join(file.dataDir, 'torrents', file.torrent.infoHash, 'files', 'file') };
    },
  },
  'an rqbit on this machine': {
    ends: 'EIO', // it streams what is on its disk
    async start() {
      const server = await RqbitServer.start();
      const file = await OneFileMount.start({ content, pieceLength: PIECE, args: overRqbit(server), more: FEW_BYTES });
      return { file, local: join(server.downloads, 'file') };
    },
  },
  'an rqbit that has a good copy elsewhere': {
    ends: 'right',
    async start() {
      const [server, folder] = await Promise.all([LyingRqbit.start(), scratchFolder()]);
      onTestFinished(() => server.stop());
      const torrent = makeTorrent({ name: 'file', content, pieceLength: PIECE });
      writePayload(torrent, folder);
      const served = server.add(torrent.bytes);
      served.content = content;
      served.outputFolder = folder;
      served.holdAll();
      const file = await OneFileMount.start({ content, pieceLength: PIECE, args: overRqbit(server), more: FEW_BYTES });
      return { file, local: join(folder, 'file') };
    },
  },
};

describe.each(Object.entries(mounts))('over %s, bytes that are flipped in a complete file', (_, { start, ends }) => {
  it.each([
    ['', false],
    [', though somebody set the time back', true],
  ])('are noticed at the next open%s: no wrong byte is read', async (__, restoresTimes) => {
    const { file, local } = await start();
    expect(await checkedRead(file.path, file.source)).toEqual({ right: SIZE, errno: null, wrong: false });
    await untilTrusted(file);
    await flip(local, restoresTimes);

    const got = await checkedRead(file.path, file.source);
    expect(got.wrong).toBe(false);
    expect(got.errno).toBe(ends === 'right' ? null : ends);
    if (ends === 'right') expect(got.right).toBe(SIZE);
    else expect(got.right).toBeGreaterThanOrEqual(FLIPPED[0] - (FLIPPED[0] % PIECE)); // all before the piece
  });
});

/** Until the kernel reads the file without asking, because every piece of it is known to be right. */
async function untilTrusted(file: OneFileMount): Promise<void> {
  const looking = await file.readsDuring(async () => {});
  await eventually(async () => {
    expect(await file.readsDuring(() => file.run('cksum', [file.path]))).toBe(looking);
  });
}

async function flip(path: string, restoresTimes: boolean): Promise<void> {
  const before = await stat(path);
  const handle = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  for (const offset of FLIPPED) {
    await handle.read(byte, 0, 1, offset);
    byte[0] = (byte[0] ?? 0) ^ 1;
    await handle.write(byte, 0, 1, offset);
  }
  await handle.close();
  if (restoresTimes) await utimes(path, before.atime, before.mtime);
}
