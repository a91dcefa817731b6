import { messageOf } from '../util/error-facts.ts';

/**
 * Everything that an engine can fail with. The code is stable; `src/fs/errno-map.ts` alone turns it into an errno.
 */
export const engineErrorCodes = [
  'connect-timeout', // nobody answered the connection attempt in time
  'read-timeout', // the server took a request and then said nothing
  'disconnected', // the server hung up in the middle
  'breaker-open', // too many failures of late: not even tried
  'network', // any other failure below HTTP
  'unavailable', // 429, 502, 503, 504, or the engine is starting or gone
  'unauthorized', // 401, 403
  'not-found', // no such torrent or file
  'bad-range', // 416, or an answer for another range than the one asked for
  'not-ready', // initializing: ask again later
  'paused', // the bytes are missing and nobody fetches them
  'torrent-error', // the engine gave the torrent up until it is told to start again
  'bad-source', // no torrent, or one that no engine here can take
  'duplicate', // the torrent is there already
  'too-large', // 413, or over a cap of ours
  'forbidden-address', // a URL that points into a private network
  'protocol', // an answer that does not follow the server's own contract
  'io', // the disk under the engine failed
  'no-space', // ENOSPC under the engine
  'stopped', // the engine was stopped while it worked on this
] as const;

export type EngineErrorCode = (typeof engineErrorCodes)[number];

const transient: ReadonlySet<EngineErrorCode> = new Set([
  'connect-timeout',
  'read-timeout',
  'disconnected',
  'breaker-open',
  'network',
  'unavailable',
  'not-ready',
]);

const serverUnavailable: ReadonlySet<EngineErrorCode> = new Set([
  'connect-timeout',
  'read-timeout',
  'disconnected',
  'breaker-open',
  'network',
  'unavailable',
]);

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;

  /** @param message names what failed and where, and ends with the next step when there is one */
  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The same call may succeed if it is made again. */
  get isTransient(): boolean {
    return transient.has(this.code);
  }

  /** The engine as a whole is out of reach, not just this torrent. */
  get isServerUnavailable(): boolean {
    return serverUnavailable.has(this.code);
  }
}

/** What a part that promises an EngineError fails with. Whatever is none is a fault of ours, and must not be tried for ever. */
export function asEngineError(cause: unknown, code: EngineErrorCode = 'io'): EngineError {
  return cause instanceof EngineError ? cause : new EngineError(code, messageOf(cause), { cause });
}
