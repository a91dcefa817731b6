/** Status and headers of an HTTP/1.1 answer. */
export interface HttpHead {
  readonly status: number;
  /** Names in lower case; what came twice is joined by commas, and so is no number any more. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface ParsedHead extends HttpHead {
  /** Bytes up to the body. */
  readonly length: number;
}

/** What came is no answer of HTTP/1.1. */
export class NotHttpError extends Error {}

/**
 * Parses what came so far. Strict: whoever speaks HTTP in another way than servers do is not understood at all.
 *
 * @returns undefined while the head is not complete
 * @throws NotHttpError as soon as it cannot become one
 */
export function parseHead(bytes: Uint8Array): ParsedHead | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (!PROTOCOL.startsWith(text.slice(0, PROTOCOL.length)))
    throw new NotHttpError('the answer does not begin as HTTP/1.1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const status = /^HTTP\/1\.1 ([1-5]\d\d)(?: .*)?$/.exec(statusLine)?.[1];
  if (status === undefined) throw new NotHttpError('the status line is none');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new NotHttpError('a header line is none');
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), headers, length: end + 4 };
}

const PROTOCOL = 'HTTP/1.1 ';
