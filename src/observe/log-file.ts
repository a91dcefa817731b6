import pino from 'pino';
import type { LogSink } from './logger.ts';

/** A sink over a file or an open descriptor. */
export interface LogFile extends LogSink {
  /** Opens the path anew, after it was moved away by logrotate(8). */
  reopen(): void;
  /** Writes what is buffered, for at most a second. */
  close(): Promise<void>;
}

/** What a reader that stands still may leave unwritten; more is dropped. */
const maxBufferedBytes = 4 << 20;
const closeTimeoutMs = 1000;

/**
 * Writes in the background: whoever does not read the other end of a pipe does not stop the mount.
 *
 * @param destination a path, made with mode 0600 and appended to, or a descriptor
 * @throws when the path cannot be opened
 */
export function openLogFile(destination: string | number): LogFile {
  const file = pino.destination({
    dest: destination,
    sync: false,
    append: true,
    mode: 0o600,
    maxLength: maxBufferedBytes,
  });
  // A full disk or a closed pipe must not take the mount down with it.
  file.on('error', () => {});
  return {
    write: line => void file.write(line),
    reopen: () => {
      if (typeof destination === 'string') file.reopen();
    },
    close: () =>
      new Promise(resolve => {
        const timer = setTimeout(resolve, closeTimeoutMs);
        file.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
        file.end();
      }),
  };
}
