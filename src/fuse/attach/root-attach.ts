import { closeSync, openSync } from 'node:fs';
import { codeOf } from '../../util/error-facts.ts';
import { runCommand } from '../../util/run-command.ts';
import { FuseError } from '../errors.ts';
import { deviceError } from './device-error.ts';
import { commonOptions, type MountOptions, sourceName } from './mount-options.ts';

/** Mounts with no library: opens /dev/fuse and has `mount` pass the descriptor to the kernel. Returns it. */
export async function attachAsRoot(mountpoint: string, options: MountOptions): Promise<number> {
  const fd = openDevice();
  try {
    await mount(fd, mountpoint, options);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openDevice(): number {
  try {
    return openSync('/dev/fuse', 'r+');
  } catch (error) {
    throw deviceError(error);
  }
}

async function mount(fd: number, mountpoint: string, options: MountOptions): Promise<void> {
  const list = [
    'fd=3',
    'rootmode=40000', // octal, S_IFDIR
    `user_id=${process.geteuid?.()}`,
    `group_id=${process.getegid?.()}`,
    ...commonOptions(options),
  ];
  // -i: no mount.fuse helper, which would want a program to start.
  const args = ['-i', '-t', `fuse.${options.subtype}`, '-o', list.join(','), sourceName(options), mountpoint];
  const result = await runCommand('mount', args, { inheritFd: fd }).catch(cause => {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    throw new FuseError('mount-failed', 'the program mount was not found; install the package mount (util-linux)', {
      cause,
    });
  });
  if (result.exitCode !== 0) throw mountError(mountpoint, result.stderr.trim());
}

function mountError(mountpoint: string, reason: string): FuseError {
  if (/permi|superuser/i.test(reason)) {
    const message = `no permission to mount on ${mountpoint}: a container needs CAP_SYS_ADMIN and /dev/fuse (${reason})`;
    return new FuseError('not-permitted', message);
  }
  if (/unknown filesystem/i.test(reason)) {
    return new FuseError('no-device', `the kernel does not know FUSE, try: modprobe fuse (${reason})`);
  }
  return new FuseError('mount-failed', `mounting on ${mountpoint} failed: ${reason || 'mount did not answer'}`);
}
