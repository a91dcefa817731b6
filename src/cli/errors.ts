/** Ends a command with exit code 1. The message is one line: what failed, where, and the next step. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** Ends a command with exit code 2: it was called in a way that can never work. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}

/** Ends a command with exit code 1 after it has said all there is to say. */
export class SilentFailure extends CommandError {
  override readonly name = 'SilentFailure';

  constructor() {
    super('');
  }
}

/** A mount that could not be taken down: the process must end without waiting for the thread that serves it. */
export class StuckMountError extends CommandError {
  override readonly name = 'StuckMountError';
}
