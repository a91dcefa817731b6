import { expect, it, onTestFinished } from 'vitest';
import { RqbitClient } from '../../../src/engine/rqbit/client.ts';
import { TorrentRecords } from '../../../src/engine/rqbit/torrent-records.ts';
import { LyingRqbit } from '../../fakes/lying-rqbit.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';

const { signal } = new AbortController();

it('a byte is held when the piece of the torrent that it lies in is', async () => {
  const files = [100, 0, 250, 30].map((length, index) => ({
    path: [`${index}`],
    content: patternContent(length, `${index}`),
  }));
  const torrent = makeTorrent({ name: 'several', files, pieceLength: 100 });
  const server = await LyingRqbit.start();
  const client = new RqbitClient({ url: server.url, credentials: undefined });
  const records = new TorrentRecords(client);
  onTestFinished(async () => {
    records.stop();
    await client.close();
    await server.stop();
  });
  server.add(torrent.bytes).hold([0, 3]);
  const { infoHash } = torrent;
  const isHeld = (fileIndex: number, offset: number) => records.isHeld({ infoHash, fileIndex }, offset, { signal });
  expect(await isHeld(0, 99), 'before the pieces were asked for').toBe(false);
  await records.pieces(infoHash, { signal });
  const places = [
    [0, 99, true],
    [2, 0, false],
    [2, 199, false],
    [2, 200, true],
    [3, 29, true],
  ] as const;
  for (const [fileIndex, offset, held] of places) {
    expect(await isHeld(fileIndex, offset), `byte ${offset} of file ${fileIndex}`).toBe(held);
  }
});
