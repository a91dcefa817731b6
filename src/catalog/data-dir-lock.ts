import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';

/**
 * The one exclusive claim on a data directory: flock(2) on its file `lock`. The kernel drops it when the process is gone,
 * however it went, so a lock is never stale; what the file says is only for the message to whoever comes second.
 */
export class DataDirLock {
  readonly #fd: number;
  #held = true;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @throws DataDirLockedError when another mount holds it; the system's error when the file cannot be opened or locked */
  static acquire(dataDir: string, holder: LockHolder): DataDirLock {
    const path = join(dataDir, 'lock');
    // Node opens with O_CLOEXEC: no child keeps the lock alive.
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      lock(fd, dataDir);
      ftruncateSync(fd, 0);
      writeSync(fd, `${JSON.stringify(holder)}\n`, 0);
      fsyncSync(fd);
      return new DataDirLock(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Idempotent. The file stays: to unlink it would let two mounts lock two files of one name. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    closeSync(this.#fd);
  }
}

/** Who holds a data directory, as the next one to ask is told. */
export interface LockHolder {
  readonly pid: number;
  readonly mountpoint: string;
  /** ISO 8601. */
  readonly since: string;
}

export class DataDirLockedError extends Error {
  override readonly name = 'DataDirLockedError';
  /** Undefined in the instant in which the holder has locked the file and not yet written it. */
  readonly holder: LockHolder | undefined;

  constructor(dataDir: string, holder: LockHolder | undefined) {
    const who =
      holder === undefined
        ? 'another mount'
        : `the mount at ${holder.mountpoint} (process ${holder.pid}, since ${holder.since})`;
    super(`data directory ${dataDir} is in use by ${who}; unmount that one, or choose another with --data-dir`);
    this.holder = holder;
  }
}

/** `sys/file.h` */
const LOCK_EX = 2;
const LOCK_NB = 4;

function lock(fd: number, dataDir: string): void {
  // Node has no flock; the C library is in the process already.
  const flock = koffi.load(null).func('int flock(int fd, int operation)');
  for (;;) {
    if (flock(fd, LOCK_EX | LOCK_NB) === 0) return;
    const errno = koffi.errno();
    if (errno === koffi.os.errno['EINTR']) continue;
    if (errno === koffi.os.errno['EWOULDBLOCK'] || errno === koffi.os.errno['EAGAIN']) {
      throw new DataDirLockedError(dataDir, readHolder(join(dataDir, 'lock')));
    }
    throw new Error(
      `the file system of ${dataDir} refuses locks (flock: errno ${errno}); choose a data directory on a local disk with --data-dir`,
    );
  }
}

function readHolder(path: string): LockHolder | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isLockHolder(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isLockHolder(value: unknown): value is LockHolder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'mountpoint' in value &&
    typeof value.mountpoint === 'string' &&
    'since' in value &&
    typeof value.since === 'string'
  );
}
