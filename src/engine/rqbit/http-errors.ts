import { errors } from 'undici';
import { codeOf, messageOf } from '../../util/error-facts.ts';
import { EngineError, type EngineErrorCode } from '../errors.ts';
import { NotHttpError } from './http-head.ts';

/** An HTTP status that is no success. The code is what the status means whatever was asked. */
export class RqbitStatusError extends EngineError {
  readonly status: number;

  /**
   * @param call what was asked of whom, for the message
   * @param reason what the server said about it, one line, may be empty
   */
  constructor(status: number, call: string, reason: string) {
    const told = reason === '' ? '' : `: ${reason}`;
    super(meaningOf(status, reason), `${call}: HTTP ${status}${told}${adviceFor(status)}`);
    this.status = status;
  }
}

/** @returns whether `error` is an answer with this status */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof RqbitStatusError && error.status === status;
}

function meaningOf(status: number, reason: string): EngineErrorCode {
  switch (status) {
    case 400: // a source that it cannot add; elsewhere the wrong state, which the engine looks up
      return 'bad-source';
    case 401:
    case 403:
      return 'unauthorized';
    case 404:
      return 'not-found';
    case 412:
      return 'not-ready';
    case 413:
      return 'too-large';
    case 416:
      return 'bad-range';
    case 429:
    case 502:
    case 503:
    case 504:
      return 'unavailable';
    case 500: // rqbit's answer to nearly everything, so it proves nothing about the server; the engine asks for the state
      return /no space left|os error 28/i.test(reason) ? 'no-space' : 'io';
    default:
      return 'protocol';
  }
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403) return '; set the user and password of the rqbit server';
  if (status === 413) return '; start rqbit with a larger --http-api-max-upload-size';
  if (status >= 300 && status < 400) return '; redirects are not followed, give the URL it leads to';
  return '';
}

/** Turns what undici, node:net or node:tls throw into an EngineError; one of ours comes back as it is. */
export function transportError(error: unknown, call: string): EngineError {
  if (error instanceof EngineError) return error;
  const isNoHttp = error instanceof errors.HTTPParserError || error instanceof NotHttpError;
  const code = isNoHttp ? 'protocol' : (transportCodes[codeIn(error)] ?? 'network');
  return new EngineError(code, `${call}: ${phrases[code] ?? explained(error)}`, { cause: error });
}

const transportCodes: Readonly<Record<string, EngineErrorCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  ETIMEDOUT: 'connect-timeout',
  UND_ERR_HEADERS_TIMEOUT: 'read-timeout',
  UND_ERR_BODY_TIMEOUT: 'read-timeout',
  UND_ERR_SOCKET: 'disconnected',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'disconnected',
  ECONNRESET: 'disconnected',
  EPIPE: 'disconnected',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_DESTROYED: 'stopped',
  UND_ERR_CLOSED: 'stopped',
};

const phrases: Partial<Record<EngineErrorCode, string>> = {
  'connect-timeout': 'nobody answers there; is the host right, and no firewall in between?',
  'read-timeout': 'it takes requests but says nothing; is it stopped or overloaded?',
  disconnected: 'it hung up in the middle of the answer',
  protocol: 'the answer is no HTTP',
  stopped: 'the engine was stopped',
};

/** A connection attempt to several addresses fails with an AggregateError; its own code is that of the first. */
function codeIn(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return codeOf(error) ?? codeIn(error.cause);
}

function explained(error: unknown): string {
  const code = codeIn(error);
  if (code === 'ECONNREFUSED') return 'connection refused; is rqbit running there?';
  if (code === 'ENOTFOUND') return 'no such host';
  return messageOf(error);
}
