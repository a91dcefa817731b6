import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { patternContent } from '../../fixtures/content.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { NOBODY } from '../harness/mount-process.ts';
import { runOk } from '../harness/run.ts';
import { MiB, OneFileMount } from './one-file-mount.ts';

const [major = 0, minor = 0] = release().split('.').map(Number);
const kernelCan = major > 6 || (major === 6 && minor >= 9);

describe.each([
  { who: 'root', uid: undefined, goesToTheKernel: kernelCan },
  { who: 'an ordinary user', uid: NOBODY, goesToTheKernel: false },
])('of a mount of $who', ({ uid, goesToTheKernel }) => {
  it(`a complete file is read right, ${goesToTheKernel ? 'and the process sees no READ' : 'by the process'}`, async () => {
    const content = patternContent(24 * MiB + 4321);
    const file = await OneFileMount.start({ content, ...(uid === undefined ? {} : { uid }) });
    const expected = sha256(await runOk('sha256sum', [file.source]));
    expect(sha256(await file.run('sha256sum', [file.path]))).toBe(expected); // now it is complete

    const looking = await file.readsDuring(async () => {}); // the metrics are a file themselves
    const isSeen = async () =>
      (await file.readsDuring(async () => {
        // What the kernel has in its page cache it would not ask for either way.
        await file.run('dd', [`if=${file.path}`, 'iflag=nocache', 'count=0', 'status=none']);
        const script = 'dd if="$1" bs=1M status=none | sha256sum';
        expect(sha256(await file.run('bash', ['-c', script, 'bash', file.path]))).toBe(expected);
      })) > looking;
    // A while after the last piece the engine tells that the file is whole.
    if (goesToTheKernel) await eventually(async () => expect(await isSeen()).toBe(false));
    else expect(await isSeen()).toBe(true);
  });
});

function sha256(output: string): string {
  return output.split(' ')[0] ?? '';
}
