import type { Dispatcher } from 'undici';
import type { Logger } from '../../util/logger.ts';
import { RqbitStatusError } from './http-errors.ts';

/** One debug line for each call of the API with its status and duration, and a few for each stream. */
export class CallLog {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param call its method and path, without the query: sources stand there */
  async timed<T>(call: string, attempt: () => Promise<T>): Promise<T> {
    if (!this.#logger.debugEnabled) return attempt();
    const startedAt = performance.now();
    try {
      const answer = await attempt();
      this.#logger.debug({ call, status: 200, ms: since(startedAt) }, 'rqbit answered');
      return answer;
    } catch (error) {
      const status = error instanceof RqbitStatusError ? error.status : undefined;
      this.#logger.debug({ call, status, ms: since(startedAt), error }, 'rqbit did not do what it was asked for');
      throw error;
    }
  }

  /** The handler that is to hear of the stream's answer, in place of the given one. */
  stream(request: StreamRequest, handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
    if (!this.#logger.debugEnabled) return handler;
    const { call, range, reads } = request;
    const fields = { call, range, reads: reads?.() ?? [] };
    this.#logger.debug(fields, 'rqbit is asked for a stream');
    const startedAt = performance.now();
    const ended = (error?: Error): void => {
      this.#logger.debug({ ...fields, ms: since(startedAt), reason: error?.message }, 'a stream of rqbit ended');
    };
    return {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onResponseStart: (controller, status, headers, message) => {
        this.#logger.debug({ ...fields, status, ms: since(startedAt) }, 'rqbit answered with a stream');
        handler.onResponseStart?.(controller, status, headers, message);
      },
      onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
      onResponseEnd: (controller, trailers) => {
        ended();
        handler.onResponseEnd?.(controller, trailers);
      },
      onResponseError: (controller, error) => {
        ended(error);
        handler.onResponseError?.(controller, error);
      },
    };
  }
}

interface StreamRequest {
  readonly call: string;
  readonly range: string;
  /** Names of the reads that it is for; see `StreamOptions.reads`. */
  readonly reads: (() => readonly string[]) | undefined;
}

function since(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 10) / 10;
}
