import { codeOf, messageOf } from '../../util/error-facts.ts';

/** A failure that is the answer: its status and its message go to the caller. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What the other parts of the mount fail with has a `code`; what is not listed is a fault of ours. */
const statusOfCode: Readonly<Record<string, number>> = {
  'bad-source': 400,
  'forbidden-address': 400,
  'too-large': 413,
  duplicate: 409,
  busy: 409,
  'not-found': 404,
  'no-space': 507,
  unavailable: 503,
  stopped: 503,
};

/** @returns undefined for what the caller is told nothing of but that it failed */
export function answerTo(error: unknown): { readonly status: number; readonly message: string } | undefined {
  if (error instanceof HttpError) return { status: error.status, message: error.message };
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const status = statusOfCode[code] ?? statusOfServer(error);
  return status === undefined ? undefined : { status, message: messageOf(error) };
}

/** The server itself refuses what is malformed with a status below 500. */
function statusOfServer(error: unknown): number | undefined {
  const status =
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  return status >= 400 && status < 500 ? status : undefined;
}
