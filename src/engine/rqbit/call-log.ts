import type { Logger } from '../../util/logger.ts';
import { RqbitStatusError } from './http-errors.ts';
import type { AnswerSink } from './stream-socket.ts';

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

  /** The sink that is to hear of the stream's answer, in place of the given one. */
  stream(request: StreamRequest, sink: AnswerSink): AnswerSink {
    if (!this.#logger.debugEnabled) return sink;
    const { call, range, reads } = request;
    const fields = { call, range, reads: reads?.() ?? [] };
    this.#logger.debug(fields, 'rqbit is asked for a stream');
    const startedAt = performance.now();
    const ended = (error?: unknown): void => {
      const reason = error instanceof Error ? error.message : undefined;
      this.#logger.debug({ ...fields, ms: since(startedAt), reason }, 'a stream of rqbit ended');
    };
    return {
      onHead: head => {
        this.#logger.debug({ ...fields, status: head.status, ms: since(startedAt) }, 'rqbit answered with a stream');
        return sink.onHead(head);
      },
      space: () => sink.space(),
      filled: bytes => sink.filled(bytes),
      onEnd: () => {
        ended();
        sink.onEnd();
      },
      onFailure: error => {
        ended(error);
        sink.onFailure(error);
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
