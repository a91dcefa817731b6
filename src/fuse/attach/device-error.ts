import { codeOf } from '../../util/error-facts.ts';
import { FuseError } from '../errors.ts';

/** Why /dev/fuse cannot be opened. */
export function deviceError(cause: unknown): FuseError {
  switch (codeOf(cause)) {
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return new FuseError(
        'no-device',
        '/dev/fuse not found, try: modprobe fuse (in a container: --device /dev/fuse)',
        {
          cause,
        },
      );
    case 'EACCES':
      return new FuseError('not-permitted', '/dev/fuse may not be opened, try as root: chmod 666 /dev/fuse', { cause });
    case 'EPERM':
      return new FuseError('not-permitted', '/dev/fuse may not be opened, try (container): --device /dev/fuse', {
        cause,
      });
    default:
      return new FuseError('mount-failed', `/dev/fuse cannot be opened: ${String(cause)}`, { cause });
  }
}
