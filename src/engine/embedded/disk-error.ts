import { codeOf, isOutOfSpace, messageOf } from '../../util/error-facts.ts';
import { EngineError } from '../errors.ts';

/**
 * What went wrong on the engine thread. A system call that failed there was for the data directory.
 *
 * @param remedy what the user may do once the disk is well, if anything
 */
export function diskError(error: unknown, remedy?: string): EngineError {
  if (error instanceof EngineError) return error;
  const code = codeOf(error);
  const options = { cause: error };
  if (isOutOfSpace(error)) {
    const then = remedy === undefined ? '' : `, then ${remedy}`;
    return new EngineError(
      'no-space',
      `the data directory is full: ${messageOf(error)}; free some space${then}`,
      options,
    );
  }
  const what = code === undefined ? 'the engine' : 'the data directory';
  const advice = remedy === undefined ? '' : `; ${remedy} to try again`;
  return new EngineError('io', `${what} failed: ${messageOf(error)}${advice}`, options);
}
