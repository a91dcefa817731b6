import { EngineError } from '../engine/index.ts';
import { codeOf, isOutOfSpace, messageOf } from '../util/error-facts.ts';

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
  const code = codeOf(error);
  if (code === undefined || error instanceof EngineError) return error;
  const options = { cause: error };
  if (isOutOfSpace(error)) {
    return new EngineError('no-space', `no space for ${path}; free some, or choose another --data-dir`, options);
  }
  return new EngineError(
    'io',
    `cannot use ${path}: ${messageOf(error)}; check the disk, or choose another --data-dir`,
    options,
  );
}
