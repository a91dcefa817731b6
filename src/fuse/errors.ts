/** What mounting and unmounting fail with. The message names the thing that failed and ends with what to try. */
export const fuseErrorCodes = [
  'mountpoint-missing',
  'mountpoint-not-a-directory',
  'mountpoint-not-empty',
  'mountpoint-in-use', // something is mounted there
  'not-permitted',
  'no-device', // /dev/fuse is not there
  'no-fusermount', // fusermount3, with which ordinary users mount
  'no-libfuse', // libfuse3, likewise
  'mount-failed', // for another reason, which the message quotes
  'unsupported-kernel',
  'filesystem-failed', // the module of the fast lane could not be loaded or set up
  'not-mounted',
  'busy', // files of the mount are open
  'unmount-failed',
] as const;

export type FuseErrorCode = (typeof fuseErrorCodes)[number];

export class FuseError extends Error {
  override readonly name = 'FuseError';
  readonly code: FuseErrorCode;

  constructor(code: FuseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
