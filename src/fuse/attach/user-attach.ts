import { accessSync, constants } from 'node:fs';
import { runCommand } from '../../util/run-command.ts';
import { FuseError } from '../errors.ts';
import { deviceError } from './device-error.ts';
import { commonOptions, type MountOptions, sourceName } from './mount-options.ts';
import { libfuseNames, mayUsersAllowOthers } from './user-requirements.ts';

/**
 * Mounts as an ordinary user: libfuse3's `fuse_open_channel` runs the setuid program fusermount3 and receives the device's
 * descriptor from it over a socket, which Node itself cannot do. Returns the descriptor.
 *
 * fusermount3 explains a refusal on stderr only, so what it refuses is looked for beforehand.
 */
export async function attachAsUser(mountpoint: string, options: MountOptions): Promise<number> {
  checkDevice();
  checkOwnership(mountpoint);
  if (options.allowOther) checkAllowOther();
  await checkFusermount();
  const openChannel = await loadOpenChannel();
  const list = [`fsname=${sourceName(options)}`, `subtype=${options.subtype}`, ...commonOptions(options)];
  const fd = await openChannel(mountpoint, list.join(','));
  if (fd < 0) throw new FuseError('mount-failed', `fusermount3 refused to mount on ${mountpoint}; see its line above`);
  return fd;
}

function checkDevice(): void {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch (error) {
    throw deviceError(error);
  }
}

function checkOwnership(mountpoint: string): void {
  try {
    accessSync(mountpoint, constants.W_OK);
  } catch (cause) {
    const message = `no permission to mount on ${mountpoint}: it must be writable by you; choose a folder of yours`;
    throw new FuseError('not-permitted', message, { cause });
  }
}

function checkAllowOther(): void {
  if (mayUsersAllowOthers()) return;
  const message = 'other users may be let in only if /etc/fuse.conf has the line user_allow_other; add it as root';
  throw new FuseError('not-permitted', message);
}

async function checkFusermount(): Promise<void> {
  await runCommand('fusermount3', ['--version']).catch(cause => {
    const message = 'fusermount3 not found, with which ordinary users mount; install the package fuse3';
    throw new FuseError('no-fusermount', message, { cause });
  });
}

type OpenChannel = (mountpoint: string, options: string) => Promise<number>;

async function loadOpenChannel(): Promise<OpenChannel> {
  const koffi = (await import('koffi')).default;
  let cause: unknown;
  for (const name of libfuseNames) {
    try {
      const open = koffi.load(name).func('int fuse_open_channel(const char *mountpoint, const char *options)');
      // Off the main thread: it waits for fusermount3.
      return (mountpoint, options) =>
        new Promise((resolve, reject) => {
          open.async(mountpoint, options, (error: unknown, fd: number) => (error ? reject(error) : resolve(fd)));
        });
    } catch (error) {
      cause = error;
    }
  }
  const message = 'libfuse3 not found, with which ordinary users mount; install the package fuse3';
  throw new FuseError('no-libfuse', message, { cause });
}
