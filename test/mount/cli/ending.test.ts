import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { isMounted } from '../harness/mount-process.ts';
import { runOk } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { startWaitingReader } from '../harness/waiting-reader.ts';
import { MiB, OneFileMount } from '../read/one-file-mount.ts';

describe('a mount that is asked to end', () => {
  it('lets a copy end that gets on, however slowly', async () => {
    const content = patternContent(2 * MiB);
    const file = await OneFileMount.start({ content, pieceLength: MiB / 4, rate: MiB, more: ['--read-ahead=0'] });
    const target = join(await scratchFolder(), 'copy');
    const copy = spawn('dd', [`if=${file.path}`, `of=${target}`, 'bs=128K', 'status=none'], { stdio: 'inherit' });
    onTestFinished(() => void copy.kill('SIGKILL'));
    const copied = once(copy, 'exit');
    await expect.poll(() => sizeOf(target), { timeout: 30_000, interval: 20 }).toBeGreaterThan(0);
    const ended = file.mount.stop('SIGTERM');
    expect(await copied).toEqual([0, null]);
    expect(await ended).toBe(0);
    await runOk('cmp', [target, file.source]);
  });

  it('lets go of a read that waits in vain, with EIO, and is unmounted in order', async () => {
    const { file, failure } = await waitingInVain();
    expect(await file.mount.stop('SIGTERM')).toBe(0);
    expect(await failure).toContain('Input/output error');
    expect(file.mount.output).not.toContain('they fail from now on');
    expect(isMounted(file.mount.mountpoint)).toBe(false);
  });

  it('at once leaves a read that waits to the kernel, which fails it with ECONNABORTED', async () => {
    const { file, failure } = await waitingInVain();
    file.mount.child.kill('SIGINT');
    expect(await file.mount.stop('SIGTERM')).toBe(0);
    expect(await failure).toContain('Software caused connection abort');
  });
});

/** A read of what nobody has, and what its program will say of its failure. */
async function waitingInVain(): Promise<{ file: OneFileMount; failure: Promise<string> }> {
  const file = await OneFileMount.start({ content: patternContent(MiB) });
  await file.seeder.kill();
  const errors = join(await scratchFolder(), 'errors');
  const script = 'exec dd if="$1" of=/dev/null bs=64K 2>"$2"';
  const reader = await startWaitingReader(file.path, ['bash', ['-c', script, 'bash', file.path, errors]]);
  return { file, failure: once(reader, 'exit').then(() => runOk('cat', [errors])) };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
