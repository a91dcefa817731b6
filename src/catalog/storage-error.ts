import { EngineError } from '../engine/index.ts';

/**
 * Turns what the system throws over a file of the data directory into an error that says what to do.
 *
 * @throws EngineError `no-space`, `io`; what is no error of the system as it was
 */
export function orStorageError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageError(path, error);
  }
}

/** What {@link orStorageError} throws in place of the error. */
export function storageError(path: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === undefined || !(error instanceof Error)) return error;
  const options = { cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EngineError('no-space', `no space for ${path}; free some, or choose another --data-dir`, options);
  }
  return new EngineError(
    'io',
    `cannot use ${path}: ${error.message}; check the disk, or choose another --data-dir`,
    options,
  );
}

/** Such as `ENOSPC`. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof EngineError) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
