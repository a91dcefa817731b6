import type { HttpHead } from './http-head.ts';

/** The body of an answer that is no success: what is said why, as far as anybody would read it. */
export class ErrorAnswer {
  readonly status: number;
  readonly #length: number | undefined;
  readonly #isChunked: boolean;
  readonly #memory = Buffer.alloc(MAX_BYTES);
  #filled = 0;

  constructor({ status, headers }: HttpHead) {
    this.status = status;
    this.#isChunked = headers.get('transfer-encoding')?.toLowerCase() === 'chunked';
    const length = headers.get('content-length');
    this.#length = !this.#isChunked && length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
  }

  /** Where the next bytes of it go. */
  get space(): Uint8Array {
    return this.#memory.subarray(this.#filled);
  }

  filled(bytes: number): void {
    this.#filled += bytes;
  }

  /** Whether nothing more is worth waiting for. */
  get isComplete(): boolean {
    if (this.#filled >= Math.min(this.#length ?? MAX_BYTES, MAX_BYTES)) return true;
    return this.#isChunked && this.#received.toString('latin1').endsWith('0\r\n\r\n');
  }

  get body(): Buffer {
    return this.#isChunked ? withoutChunks(this.#received) : this.#received;
  }

  get #received(): Buffer {
    return this.#memory.subarray(0, this.#filled);
  }
}

/** Room for rqbit's longest reasons, which are chains of causes. */
const MAX_BYTES = 16 * 1024;

/** As far as they are well-formed. */
function withoutChunks(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = lineEnd < 0 ? undefined : /^([0-9a-f]+)/i.exec(body.toString('latin1', at, lineEnd))?.[1];
    const length = size === undefined ? 0 : Number.parseInt(size, 16);
    if (length === 0) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}
