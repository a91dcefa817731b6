/** Everything that the read path itself can fail with; `src/fs/errno-map.ts` alone turns the code into an errno. */
export const readErrorCodes = [
  'missing', // the bytes are not here, and the policy is not to wait
  'timeout', // no byte arrived within the policy's time
  'too-many-waiters', // admission: too many reads wait already
  'too-many-handles', // the handle table is full
  'bad-handle', // no such open handle
  'corrupt', // bytes on disk do not match the torrent's hashes, and could not be had elsewhere
] as const;

export type ReadErrorCode = (typeof readErrorCodes)[number];

export class ReadError extends Error {
  override readonly name = 'ReadError';
  readonly code: ReadErrorCode;

  constructor(code: ReadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Why what an open file had under way is ended. One for all: an error of their own would cost more than closing a small file. */
export const fileClosed = new ReadError('bad-handle', 'the file was closed');
