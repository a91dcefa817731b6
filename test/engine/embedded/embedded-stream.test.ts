import { type FileHandle, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EmbeddedStream, type StreamHost } from '../../../src/engine/embedded/embedded-stream.ts';
import { HeldPieces } from '../../../src/engine/embedded/held-pieces.ts';
import { ListedTorrent } from '../../../src/engine/embedded/listed-torrent.ts';
import { OpenFiles } from '../../../src/engine/embedded/open-files.ts';
import type { StreamOptions } from '../../../src/engine/index.ts';
import { parseMetainfo } from '../../../src/engine/metainfo.ts';
import { Deferred } from '../../../src/util/deferred.ts';
import { patternContent } from '../../fixtures/content.ts';
import { makeTorrent } from '../../fixtures/make-torrent.ts';
import { detailsOfSingleFile, infoHashOfSeed } from '../../fixtures/torrent-details.ts';

function openStream({
  signal = new AbortController().signal,
  priority,
  parts = {},
}: Partial<Pick<StreamOptions, 'signal' | 'priority'>> & { readonly parts?: Partial<StreamHost> } = {}) {
  const ended: EmbeddedStream[] = [];
  const unreached = () => {
    throw new Error('nothing is read');
  };
  const host: StreamHost = {
    files: new OpenFiles(),
    torrent: unreached,
    layout: unreached,
    demand: unreached,
    recheck: unreached,
    ended: stream => ended.push(stream),
    ...parts,
  };
  const file = { infoHash: infoHashOfSeed('stream'), fileIndex: 0 };
  const stream = new EmbeddedStream(host, { demandId: 1, file }, { start: 0, endExclusive: 10, signal, priority });
  return { stream, ended };
}

test('what came for a piece before it was waited for is no progress, what comes then is', () => {
  const { stream } = openStream();
  const told = (piece: number, uncheckedBytes: number) => {
    stream.hearProgress({ piece, uncheckedBytes });
    return stream.uncheckedBytes;
  };
  expect([told(5, 1000), told(5, 1000), told(5, 3000)]).toEqual([0, 0, 2000]);
  expect([told(6, 4000), told(6, 5000)]).toEqual([0, 1000]);
});

test('a piece that has to be fetched anew shows progress from its first byte on', () => {
  const { stream } = openStream();
  for (const uncheckedBytes of [1000, 0, 500]) stream.hearProgress({ piece: 5, uncheckedBytes });
  expect(stream.uncheckedBytes).toBe(500);
});

test('ends with its signal, once, also when that has fired before', () => {
  const given = new AbortController();
  const { stream, ended } = openStream({ signal: given.signal });
  given.abort();
  stream.close();
  expect([stream.isEnded, ended]).toEqual([true, [stream]]);
  const late = openStream({ signal: given.signal });
  expect([late.stream.isEnded, late.ended]).toEqual([true, [late.stream]]);
});

test.each([
  { cut: 'once', isCutAgain: false },
  { cut: 'again after it was fetched anew', isCutAgain: true },
])('of a file that is cut $cut, a piece is fetched anew once', async ({ isCutAgain }) => {
  const folder = await mkdtemp(join(tmpdir(), 'stream-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  const content = patternContent(10);
  const details = parseMetainfo(makeTorrent({ name: 'file', content }).bytes);
  const held = new HeldPieces(1);
  held.add(0);
  const { infoHash } = details;
  const torrent = { kind: 'torrent', infoHash, state: 'live', error: undefined, pieceCount: 1 } as const;
  const files = new OpenFiles();
  onTestFinished(() => files.closeAll());
  let looks = 0;
  const parts: Partial<StreamHost> = {
    files,
    torrent: () => new ListedTorrent({ ...torrent, held: held.memory }, folder),
    layout: async () => ({ details, paths: [path] }),
    demand: () => {},
    async recheck() {
      looks++;
      await writeFile(path, content.read(0, isCutAgain ? 5 : 10));
    },
  };
  const { stream } = openStream({ parts });
  await writeFile(path, content.read(0, 5));
  if (isCutAgain) await expect(stream.read()).rejects.toMatchObject({ code: 'io' });
  else expect(await stream.read()).toEqual(Buffer.from(content.read(0, 10)));
  expect(looks).toBe(1);
});

test('a file that is another than the one that was open puts the torrent in doubt before it is read', async () => {
  const details = detailsOfSingleFile({ length: 10 });
  const { infoHash } = details;
  const held = new HeldPieces(1);
  held.add(0);
  const torrent = { kind: 'torrent', infoHash, state: 'live', error: undefined, pieceCount: 1 } as const;
  const doubtedAtRead: boolean[] = [];
  const open = async () => {
    const read = async () => {
      doubtedAtRead.push(held.isDoubted);
      return { bytesRead: 10 };
    };
    return { read, close: async () => {} } as Partial<FileHandle> as FileHandle; // read and closed, nothing else
  };
  const files = new OpenFiles({ open, leadsTo: async () => doubtedAtRead.length > 1 });
  onTestFinished(() => files.closeAll());
  const parts: Partial<StreamHost> = {
    files,
    torrent: () => new ListedTorrent({ ...torrent, held: held.memory }, '/nowhere'),
    layout: async () => ({ details, paths: ['/nowhere/file'] }),
    demand: () => {},
  };
  await openStream({ parts }).stream.read();
  expect(doubtedAtRead).toEqual([false, true]);
});

test('wants nothing once it has ended, though its layout came only then', async () => {
  const details = detailsOfSingleFile({ length: 10 });
  const { memory, pieceCount } = new HeldPieces(details.pieceCount);
  const torrent = { kind: 'torrent', infoHash: details.infoHash, state: 'live', error: undefined } as const;
  const demands: unknown[] = [];
  const { stream } = openStream({
    parts: {
      torrent: () => new ListedTorrent({ ...torrent, pieceCount, held: memory }, '/nowhere'),
      layout: async () => {
        queueMicrotask(() => stream.close());
        return { details, paths: ['/nowhere/file'] };
      },
      demand: (_, demand) => demands.push(demand),
    },
  });
  await expect(stream.read()).rejects.toMatchObject({ code: 'stopped' });
  expect(demands).toEqual([]);
});

test('tells anew what it wants when it is extended to the same end with another priority, and not otherwise', async () => {
  const details = detailsOfSingleFile({ length: 10 });
  const { memory, pieceCount } = new HeldPieces(details.pieceCount);
  const torrent = { kind: 'torrent', infoHash: details.infoHash, state: 'live', error: undefined } as const;
  const demanded = new Deferred<void>();
  const demands: unknown[] = [];
  let priority = 0;
  const { stream } = openStream({
    priority: () => priority,
    parts: {
      torrent: () => new ListedTorrent({ ...torrent, pieceCount, held: memory }, '/nowhere'),
      layout: async () => ({ details, paths: ['/nowhere/file'] }),
      demand: (_, demand) => {
        demands.push(demand);
        demanded.resolve();
      },
    },
  });
  stream.extend(10); // nobody reads yet
  const reading = stream.read();
  await demanded.promise;
  stream.extend(10);
  priority = 1;
  stream.extend(10);
  const range = { start: 0, endExclusive: 10 };
  expect(demands).toEqual([
    { ...range, priority: 0 },
    { ...range, priority: 1 },
  ]);
  stream.close();
  await expect(reading).rejects.toMatchObject({ code: 'stopped' });
});
