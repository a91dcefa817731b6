import type { FromThread, LogFields, LogLevel } from './thread-messages.ts';

/** Writes the engine thread's lines on the main thread, where the log is. */
export class ThreadLogger {
  readonly #post: (message: FromThread) => void;

  constructor(post: (message: FromThread) => void) {
    this.#post = post;
  }

  debug(fields: LogFields, message: string): void {
    this.#write('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields, message);
  }

  #write(level: LogLevel, fields: LogFields, message: string): void {
    this.#post({ kind: 'log', level, fields, message });
  }
}
