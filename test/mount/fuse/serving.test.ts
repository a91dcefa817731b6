import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { NOBODY } from '../harness/mount-process.ts';
import { type Finished, run, runOk, shell } from '../harness/run.ts';
import { scratchFolder } from '../harness/scratch.ts';
import { TestMount } from './test-mount.ts';

/** Of `fast`, `slow` and `backed`, as program/layout.mjs makes them. */
const contentHash = sha256(
  new Uint8Array(Uint32Array.from({ length: (3 << 20) / 4 }, (_, index) => index * 2_654_435_761).buffer),
);

beforeAll(() => {
  console.log('chmod 666 /dev/fuse, as udev does it: ordinary users mount in these tests');
  chmodSync('/dev/fuse', 0o666);
});

describe.each([
  ['root', undefined],
  ['an ordinary user', NOBODY],
])('mounted by %s', (_, uid) => {
  const runAs = (...command: string[]) => runAsUser(uid, command);

  test('both lanes give the right bytes', async () => {
    const mount = await TestMount.start(uid === undefined ? {} : { uid });
    expect(await runAs('ls', mount.mountpoint)).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^slow$/m) });
    expect(await runAs('cat', mount.path('fast'))).toMatchObject({ stderr: '', stdoutSha256: contentHash });
    expect(await runAs('cat', mount.path('slow'))).toMatchObject({ stderr: '', stdoutSha256: contentHash });
    await unmount(mount);
    expect(mount.output).toMatch(/^reads \{"fast":\d+,"slow":\d+\}$/m);
    expect(mount.output).toMatch(/^before every request true$/m);
  });

  test('an interrupted read ends, and its signal fires in the other lane', async () => {
    const mount = await TestMount.start(uid === undefined ? {} : { uid });
    const reader = await mount.stuckReader(uid);
    reader.process.kill('SIGINT');
    await mount.says(/^aborted 4$/m);
    await reader.exited;
    expect(reader.process.signalCode).toBe('SIGINT');
    expect((await runAs('cat', mount.path('slow'))).stdoutSha256).toBe(contentHash);
  });

  test('a program that maps a file for direct I/O reads it', async () => {
    const mount = await TestMount.start(uid === undefined ? {} : { uid });
    const script = 'import mmap,sys; f=open(sys.argv[1],"rb"); print(mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ)[:4])';
    const mapped = await runAs('/usr/bin/python3', '-c', script, mount.path('slow'));
    expect(mapped.stdout.trim()).toBe("b'\\x00\\x00\\x00\\x00'");
  });
});

describe('a file that is handed to the kernel', () => {
  test('is read without a request', async () => {
    const [backingFile, bytes] = await backingFileOf(3 << 20);
    const mount = await TestMount.start({ backingFile });
    expect((await run('cat', [mount.path('backed')])).stdoutSha256).toBe(sha256(bytes));
    await unmount(mount);
    expect(mount.output).toMatch(/^backed$/m);
    expect(mount.output).toMatch(/^reads \{\}$/m);
  });

  test('is read by request where the kernel refuses: an ordinary user has no CAP_SYS_ADMIN', async () => {
    const [backingFile] = await backingFileOf(3 << 20);
    const mount = await TestMount.start({ backingFile, uid: NOBODY });
    expect((await runAsUser(NOBODY, ['cat', mount.path('backed')])).stdoutSha256).toBe(contentHash);
    await mount.says(/^not backed$/m);
  });
});

describe('notifications', () => {
  test('make the kernel ask again for a name that it would remember for an hour', async () => {
    const mount = await TestMount.start();
    const toggle = mount.path('toggle');
    expect((await run('stat', [toggle])).code).not.toBe(0);
    mount.command('show');
    await runOk('bash', ['-c', 'until stat "$0"; do :; done', toggle]);
    mount.command('hide');
    await runOk('bash', ['-c', 'while stat "$0"; do :; done', toggle]);
  });

  test('come while a read waits, and hold up nobody', async () => {
    const mount = await TestMount.start();
    const reader = await mount.stuckReader();
    mount.command('show');
    await runOk('bash', ['-c', 'until stat "$0"; do :; done', mount.path('toggle')]);
    expect(reader.process.exitCode).toBeNull();
  });
});

test('many readers of both lanes at once get the right bytes', async () => {
  const mount = await TestMount.start();
  const script = 'for i in 1 2 3 4 5 6 7 8; do (cat "$1/slow" | sha256sum; cat "$1/fast" | sha256sum) & done; wait';
  const { stdout } = await shell(script, [mount.mountpoint]);
  expect(stdout.trim().split('\n')).toEqual(Array(16).fill(`${contentHash}  -`));
});

function runAsUser(uid: number | undefined, command: readonly string[]): Promise<Finished> {
  const asUser = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  return run('env', [...asUser, ...command]);
}

async function backingFileOf(size: number): Promise<[string, Buffer]> {
  const bytes = Buffer.alloc(size, 'not what the lanes give');
  const path = join(await scratchFolder(), 'backing');
  writeFileSync(path, bytes);
  return [path, bytes];
}

async function unmount(mount: TestMount): Promise<void> {
  await runOk('umount', [mount.mountpoint]);
  await mount.exited;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
