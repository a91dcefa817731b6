import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { patternContent, sparseContent } from '../../fixtures/content.ts';
import { runOk } from '../harness/run.ts';
import { type MeteredMount, mountEmbedded, mountOverRqbit, PIECE } from './metered-mount.ts';

const PLAYER = fileURLToPath(new URL('../harness/player.py', import.meta.url));
const KiB = 2 ** 10;
const MiB = 2 ** 20;

describe.each([
  { engine: 'the embedded engine', mountOf: mountEmbedded },
  { engine: 'rqbit, over HTTP and on demand', mountOf: mountOverRqbit },
])('with $engine', ({ mountOf }) => {
  test('reading all of a file in order fetches little more than the file', async () => {
    const size = 48 * MiB + 12_345;
    const mount = await mountOf(patternContent(size));
    await runOk(...mount.asReader('cksum', [mount.path]));
    expect(await mount.fetched(size)).toBeLessThanOrEqual(1.15 * size);
  });

  test('the first 64 KiB of a gibibyte fetch at most 4 MiB', async () => {
    const mount = await mountOf(sparseContent(2 ** 30, []));
    await runOk(...mount.asReader('bash', ['-c', 'head -c 64K "$1" | cksum', 'bash', mount.path]));
    expect(await mount.fetched(64 * KiB)).toBeLessThanOrEqual(4 * MiB);
  });

  test('20 reads at random fetch their pieces and little else', async () => {
    const mount = await mountOf(sparseContent(2 ** 30, []));
    for (let read = 0; read < 20; read++) {
      const skip = (read * 7919) % (2 ** 30 / (64 * KiB));
      const where = [`if=${mount.path}`, `skip=${skip}`, 'bs=64K', 'count=1'];
      await runOk(...mount.asReader('dd', [...where, 'of=/dev/null', 'status=none']));
    }
    expect(await mount.fetched(20 * 64 * KiB)).toBeLessThanOrEqual(20 * (PIECE + MiB));
  });

  test('a player that stops reading stops the fetching within its window', async () => {
    const mount = await mountOf(sparseContent(2 ** 30, []));
    const read = 6 * MiB;
    await play(mount, read);
    const bytes = await mount.fetched(read);
    // The window has doubled as what was read did; a piece more at either end is not worth a cut.
    expect(bytes).toBeLessThanOrEqual(read + 2 * read + 2 * PIECE);
  });
});

/** Reads so many bytes as a player does, then pauses for the rest of the test with the file open. */
async function play(mount: MeteredMount, bytes: number): Promise<void> {
  const [command, args] = mount.asReader('/usr/bin/python3', [PLAYER, mount.path, `${bytes}`]);
  const player = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(player, 'exit');
  onTestFinished(async () => {
    player.stdin.end();
    await exited;
  });
  const ended = exited.then(([code]) => Promise.reject(new Error(`the player ended with ${code}`)));
  await Promise.race([once(player.stdout, 'data'), ended]);
  ended.catch(() => {});
}
