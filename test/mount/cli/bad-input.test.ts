import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, isMounted, MountProcess } from '../harness/mount-process.ts';
import { type Finished, run } from '../harness/run.ts';
import { removeScratchFolder } from '../harness/scratch.ts';
import { asNobodyCommand, type CliScratch, cleanEnvironment, cliScratch, torrentFuse } from './cli.ts';

let scratch: CliScratch;
beforeAll(async () => {
  scratch = await cliScratch();
  writeFileSync(join(scratch.folder, 'garbage.torrent'), 'this is no torrent');
  writeFileSync(join(scratch.folder, 'a file'), '');
  mkdirSync(join(scratch.folder, 'full'));
  writeFileSync(join(scratch.folder, 'full', 'something'), '');
  mkdirSync(join(scratch.folder, 'of root'));
});
afterAll(() => removeScratchFolder(scratch.folder));

/** The engine may say that it is ready before the mount fails. */
const quiet = ['--quiet'];

/** A data directory belongs to one user. */
function argumentsFor({ asNobody }: { asNobody: boolean }): string[] {
  const { mountArguments, dataDir } = scratch;
  return [...quiet, ...mountArguments, ...(asNobody ? [`--data-dir=${dataDir}-of-nobody`] : [])];
}

interface BadCase {
  readonly name: string;
  readonly code: number;
  readonly message: RegExp;
  /** Operands of `mount`; `{}` stands for the scratch folder. */
  readonly operands: readonly string[];
  readonly options?: readonly string[];
  readonly asNobody?: boolean;
}

const sourcesAndPlaces: readonly BadCase[] = [
  {
    name: 'a source that is no torrent',
    operands: ['{}/garbage.torrent', '{}/mnt'],
    code: 1,
    message: /garbage\.torrent.*torrent/,
  },
  {
    name: 'a source that is nothing at all',
    operands: ['{}/missing.torrent', '{}/mnt'],
    code: 1,
    message: /missing\.torrent/,
  },
  { name: 'a magnet without an info hash', operands: ['magnet:?dn=x', '{}/mnt'], code: 1, message: /magnet/ },
  {
    name: 'a mount point that does not exist',
    operands: ['{}/nowhere'],
    code: 1,
    message: /nowhere does not exist; create it: mkdir -p/,
  },
  {
    name: 'a mount point that is not empty',
    operands: ['{}/full'],
    code: 1,
    message: /full is not empty.*choose an empty folder/,
  },
  {
    name: 'a mount point that is a file',
    operands: ['{}/a file'],
    code: 1,
    message: /a file is a file; name a folder/,
  },
  {
    name: "somebody else's folder",
    operands: ['{}/of root'],
    code: 1,
    message: /no permission to mount on .*of root/,
    asNobody: true,
  },
  { name: 'no mount point', operands: [], code: 2, message: /no mount point given/ },
  {
    name: 'a source in place of the mount point',
    operands: ['magnet:?x'],
    code: 2,
    message: /the last operand is the mount point/,
  },
  {
    name: 'an unknown option',
    operands: ['{}/mnt'],
    options: ['--read-timout=5s'],
    code: 2,
    message: /Did you mean --read-timeout\?/,
  },
  {
    name: 'a wrong value',
    operands: ['{}/mnt'],
    options: ['--cache-size=much'],
    code: 2,
    message: /--cache-size: "much" is no size/,
  },
  {
    name: 'a configuration that is not there',
    operands: ['{}/mnt'],
    options: ['--config=/nowhere.toml'],
    code: 2,
    message: /\/nowhere\.toml cannot be read/,
  },
  {
    name: 'a data directory that cannot be made',
    operands: ['{}/mnt'],
    options: ['--data-dir=/dev/null/x'],
    code: 1,
    message: /data directory \/dev\/null\/x.*--data-dir/,
  },
  {
    name: 'an rqbit that cannot be started',
    operands: ['{}/mnt'],
    options: ['--engine=rqbit', '--rqbit-binary=/nowhere/rqbit'],
    code: 1,
    message: /\/nowhere\/rqbit/,
  },
];

describe.each([
  ['in the foreground', []],
  ['with --daemon', ['--daemon']],
])('mount %s fails, in one line that names the thing and the next step, for', (_, mode) => {
  it.each(sourcesAndPlaces)('$name', async ({ operands, options = [], code, message, asNobody = false }) => {
    const paths = operands.map(operand => operand.replace('{}', scratch.folder));
    const args = ['mount', ...mode, ...argumentsFor({ asNobody }), ...options, ...paths];
    expectOneLine(await torrentFuse(args, { asNobody }), { code, message });
    await expectNothingMounted();
  });

  it('a mount point that is mounted already, and a data directory in use', async () => {
    const { mountpoint, dataDir, mountArguments } = scratch;
    const mount = await MountProcess.startUnmanaged({
      mountpoint,
      dataDir,
      args: ['--engine=embedded', '--no-dht', '--no-lsd'],
    });
    try {
      const again = await torrentFuse([
        'mount',
        ...mode,
        ...quiet,
        ...mountArguments,
        `--data-dir=${dataDir}2`,
        mountpoint,
      ]);
      expectOneLine(again, { code: 1, message: /is already a mount point.*unmount/ });
      const other = join(scratch.folder, 'other');
      mkdirSync(other, { recursive: true });
      const sharing = await torrentFuse(['mount', ...mode, ...quiet, ...mountArguments, other]);
      expectOneLine(sharing, { code: 1, message: new RegExp(`${dataDir}.*${mount.pid}`) });
      expect(isMounted(other)).toBe(false);
    } finally {
      await mount.destroy();
    }
  });

  it('a machine without /dev/fuse', async () => {
    const script = `
      mount -t tmpfs none /mnt && touch /mnt/null /mnt/urandom && mount --bind /dev/null /mnt/null &&
      mount --bind /dev/urandom /mnt/urandom && mount --move /mnt /dev && exec "$@"`;
    const finished = await inOwnNamespace(script, [
      process.execPath,
      CLI,
      'mount',
      ...mode,
      ...argumentsFor({ asNobody: false }),
      scratch.mountpoint,
    ]);
    expectOneLine(finished, { code: 1, message: /\/dev\/fuse not found, try: modprobe fuse/ });
    await expectNothingMounted();
  });

  it('an ordinary user without libfuse3', async () => {
    const script = `
      for library in $(find /usr/lib /lib -name 'libfuse3.so.*'); do mount --bind /dev/null "$library"; done; exec "$@"`;
    const command = [process.execPath, CLI, 'mount', ...mode, ...argumentsFor({ asNobody: true }), scratch.mountpoint];
    const finished = await inOwnNamespace(script, [...asNobodyCommand, ...command]);
    expectOneLine(finished, { code: 1, message: /libfuse3 not found.*install the package fuse3/ });
    await expectNothingMounted();
  });

  it('an ordinary user without fusermount3', async () => {
    const command = [process.execPath, CLI, 'mount', ...mode, ...argumentsFor({ asNobody: true }), scratch.mountpoint];
    const script = 'mount --bind /dev/null "$(readlink -f "$(command -v fusermount3)")"; exec "$@"';
    const finished = await inOwnNamespace(script, [...asNobodyCommand, ...command]);
    expectOneLine(finished, { code: 1, message: /fusermount3/ });
    await expectNothingMounted();
  });
});

/** Changes to mounts that a script makes are seen by nobody else. */
function inOwnNamespace(script: string, command: readonly string[]): Promise<Finished> {
  return run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...command], {
    env: cleanEnvironment(),
  });
}

function expectOneLine({ code, stdout, stderr }: Finished, expected: { code: number; message: RegExp }): void {
  expect(stderr).toMatch(expected.message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^torrent-fuse: /);
  expect(stdout).toBe('');
  expect(code).toBe(expected.code);
}

async function expectNothingMounted(): Promise<void> {
  expect(isMounted(scratch.mountpoint)).toBe(false);
  expect(await readdir(scratch.mountpoint)).toEqual([]);
}
