import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ByteBudget } from '../../src/read/byte-budget.ts';
import { FileLayout } from '../../src/read/file-layout.ts';
import { LocalPieces } from '../../src/read/local-pieces.ts';
import { rememberVerifiedFiles } from '../../src/read/verified-files.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { SpareBuffers } from '../../src/util/spare-buffers.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import { KiB, never } from './reader-rig.ts';

const PIECE = 256 * KiB;

it('bytes are not handed out when doubts of the engine came up while they were read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'local-pieces-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'file');
  await writeFile(path, Buffer.alloc(2 * PIECE)); // as it is where another was made in its place
  const engine = new FakeEngine();
  const torrent = engine.addTorrent({ length: 2 * PIECE, pieceLength: PIECE });
  torrent.holdAll();
  torrent.lose(1);
  const budget = new ByteBudget(PIECE);
  const { details } = torrent;
  const pieces = new LocalPieces({
    engine,
    file: { infoHash: torrent.infoHash, fileIndex: 0, details },
    layout: new FileLayout(details, 0, PIECE),
    verified: rememberVerifiedFiles(),
    budget,
    memory: new SpareBuffers(PIECE),
    log: silentLogger,
  });
  onTestFinished(() => pieces.close());
  pieces.locate({ path, mustVerify: false }, torrent.pieceMap);

  const delivered: number[] = [];
  const releaseBudget = await budget.acquire(PIECE, never);
  const loading = pieces.load(0, PIECE, offset => delivered.push(offset), never);
  await expect.poll(() => budget.waiting).toBe(1);
  engine.mustVerify = () => true;
  releaseBudget();
  await loading;
  expect(delivered).toEqual([]);
});
