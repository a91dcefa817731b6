/**
 * What a part says to people. The fields are data, the message is constant text without them, so that a log can be searched
 * by either. Secrets and tracker passkeys are struck out by whoever writes the line (`observe/logger.ts`), so pass URLs as
 * fields, never within the message.
 */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Whether a line of `debug` goes anywhere: ask before building costly fields. */
  readonly debugEnabled: boolean;
  /** A logger that adds `bindings` to every line, such as `{ part: 'rqbit' }`. */
  child(bindings: LogFields): Logger;
}

/** An `Error` under `error` is written with its code, message, cause and stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Says nothing. The default of library users and of tests. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  debugEnabled: false,
  child: () => silentLogger,
};
