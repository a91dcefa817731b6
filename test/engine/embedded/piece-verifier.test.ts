import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { DataExtents } from '../../../src/engine/embedded/data-extents.ts';
import { HeldPieces } from '../../../src/engine/embedded/held-pieces.ts';
import { PayloadStore } from '../../../src/engine/embedded/payload-store.ts';
import { verifyPayload } from '../../../src/engine/embedded/piece-verifier.ts';
import { detailsOfSingleFile } from '../../fixtures/torrent-details.ts';

const PIECES = 300_000;

/** A file that is one hole, but for its first bytes, which are not the torrent's. */
async function checkHoles(wanted: () => readonly number[]) {
  const folder = await mkdtemp(join(tmpdir(), 'holes-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const sketch = detailsOfSingleFile({ length: PIECES * 2 ** 14 });
  const details = { ...sketch, pieceHashes: new Uint8Array(20 * PIECES) };
  const path = join(folder, 'single.bin');
  await writeFile(path, 'wrong');
  await truncate(path, details.totalLength);
  const store = new PayloadStore(folder, details);
  onTestFinished(() => store.close());
  let progress = 0;
  const checking = verifyPayload(
    { details, store, held: new HeldPieces(PIECES), extents: new DataExtents() },
    {
      signal: new AbortController().signal,
      wanted,
      onHeld: () => {},
      onProgress: bytes => {
        progress = bytes;
      },
    },
  );
  return { checking, isUnderWay: () => progress > 0 && progress < details.totalLength };
}

test('a check of holes lets others have their turn', async () => {
  const { checking, isUnderWay } = await checkHoles(() => []);
  let isOver = false;
  void checking.finally(() => {
    isOver = true;
  });
  let turns = 0;
  for (; !isOver; await nextTurn()) if (isUnderWay()) turns++;
  expect(turns).toBeGreaterThan(1);
});

test('what is waited for is asked for once a turn, not once a piece', async () => {
  let asked = 0;
  const { checking } = await checkHoles(() => {
    asked++;
    return [];
  });
  await checking;
  expect(asked).toBeLessThan(PIECES / 100);
});
