import { EngineError, type EngineErrorCode } from '../engine/index.ts';
import { Errno } from '../fuse/abi/errno.ts';
import { ErrnoError } from '../fuse/filesystem.ts';
import { ReadError, type ReadErrorCode } from '../read/errors.ts';
import { codeOf, messageOf } from '../util/error-facts.ts';

/**
 * The one place that turns a failure of any layer into what a program sees in `errno`. `docs/SEMANTICS.md` has the table with
 * its reasons, and a test compares the two.
 *
 * EAGAIN is given only to those who asked not to wait: others take it for a promise that the next attempt helps, and spin.
 */
const engineErrnos: Readonly<Record<EngineErrorCode, Errno>> = {
  'connect-timeout': Errno.ETIMEDOUT,
  'read-timeout': Errno.ETIMEDOUT,
  disconnected: Errno.EIO, // in the middle of an answer, after the retries
  'breaker-open': Errno.EHOSTUNREACH,
  network: Errno.ENETUNREACH,
  unavailable: Errno.EHOSTUNREACH,
  unauthorized: Errno.EACCES,
  'not-found': Errno.ENOENT,
  'bad-range': Errno.EIO, // our request was right: it is the answer that cannot be trusted
  'not-ready': Errno.EBUSY, // the torrent is being checked; it ends by itself
  paused: Errno.ENODATA, // what is missing does not come until somebody resumes it
  'torrent-error': Errno.EIO,
  'bad-source': Errno.EINVAL,
  duplicate: Errno.EEXIST,
  'too-large': Errno.EFBIG,
  'forbidden-address': Errno.EACCES,
  protocol: Errno.EIO,
  io: Errno.EIO,
  'no-space': Errno.ENOSPC,
  stopped: Errno.EIO, // only while the mount ends, or by force
};

const readErrnos: Readonly<Record<ReadErrorCode, Errno>> = {
  missing: Errno.EAGAIN,
  timeout: Errno.ETIMEDOUT,
  'too-many-waiters': Errno.EBUSY,
  'too-many-handles': Errno.EMFILE,
  'bad-handle': Errno.EBADF,
  corrupt: Errno.EIO,
};

/** @param error whatever was thrown, or the reason of a signal that fired; what nobody foresaw is EIO */
export function toErrnoError(error: unknown): ErrnoError {
  if (error instanceof ErrnoError) return error;
  return new ErrnoError(errnoOf(error), messageOf(error), { cause: error });
}

function errnoOf(error: unknown): Errno {
  if (error instanceof EngineError) return engineErrnos[error.code];
  if (error instanceof ReadError) return readErrnos[error.code];
  if (!(error instanceof Error)) return Errno.EIO;
  if (error.name === 'AbortError') return Errno.EINTR;
  if (error.name === 'TimeoutError') return Errno.ETIMEDOUT;
  return shortages.get(codeOf(error) ?? '') ?? Errno.EIO;
}

/** System calls of ours fail on files that the caller has never heard of: only what is short tells them something. */
const shortages: ReadonlyMap<unknown, Errno> = new Map([
  ['ENOSPC', Errno.ENOSPC],
  ['ENOMEM', Errno.ENOMEM],
  ['EMFILE', Errno.EMFILE],
  ['ENFILE', Errno.EMFILE],
  ['EDQUOT', Errno.ENOSPC],
]);
