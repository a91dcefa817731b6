import pino from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogFields, Logger } from '../util/logger.ts';
import { RepeatLimiter } from './repeat-limiter.ts';
import { createScrubber } from './scrub.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `json`: one object a line, times in ISO 8601. `pretty`: for people. */
  readonly format: 'pretty' | 'json';
  readonly colour: boolean;
  readonly sink: LogSink;
  /** Texts that must not appear, whoever logs them. */
  readonly secrets: readonly string[];
}

/** Takes whole lines, each with its line break. Must not block: a stuck reader of the log must not stop the mount. */
export interface LogSink {
  write(line: string): void;
}

/** The log of a process: the one logger that can be changed and closed. */
export interface RootLogger extends Logger {
  setLevel(level: LogLevel): void;
  /** Tells of lines held back as repeats. The sink is closed by its owner. */
  close(): void;
}

export function createLogger({ level, format, colour, sink, secrets }: LoggerOptions): RootLogger {
  const scrub = createScrubber(secrets);
  const toText = format === 'json' ? (line: string) => line : prettyLines(colour);
  const root = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { error: format === 'json' ? pino.stdSerializers.errWithCause : errorForPeople },
    },
    { write: line => sink.write(toText(scrub(line))) },
  );
  const limiter = new RepeatLimiter((key, count) => root.warn({ repeats: count }, `${key} (repeated, not shown)`));
  return Object.assign(new LimitedLogger(root, limiter), {
    setLevel(newLevel: LogLevel) {
      root.level = newLevel;
    },
    close: () => limiter.close(),
  });
}

function prettyLines(colour: boolean): (line: string) => string {
  return prettyFactory({
    colorize: colour,
    ignore: 'pid',
    singleLine: true,
    errorLikeObjectKeys: [],
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
  });
}

/** The message and those of its causes on one line; the stack only of an error that nobody foresaw, which has no code. */
function errorForPeople(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isForeseen = 'code' in error;
  if (!isForeseen) return error.stack;
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return error.message.includes(cause) ? error.message : `${error.message} (${cause})`;
}

/** Debug lines are never held back: a trace of every operation is what debug is for. */
class LimitedLogger implements Logger {
  readonly #pino: pino.Logger;
  readonly #limiter: RepeatLimiter;

  constructor(pinoLogger: pino.Logger, limiter: RepeatLimiter) {
    this.#pino = pinoLogger;
    this.#limiter = limiter;
  }

  get debugEnabled(): boolean {
    return this.#pino.isLevelEnabled('debug');
  }

  debug(fields: LogFields, message: string): void {
    this.#pino.debug(fields, message);
  }

  info(fields: LogFields, message: string): void {
    if (this.#limiter.admits(message)) this.#pino.info(fields, message);
  }

  warn(fields: LogFields, message: string): void {
    if (this.#limiter.admits(message)) this.#pino.warn(fields, message);
  }

  error(fields: LogFields, message: string): void {
    if (this.#limiter.admits(message)) this.#pino.error(fields, message);
  }

  child(bindings: LogFields): Logger {
    return new LimitedLogger(this.#pino.child(bindings), this.#limiter);
  }
}
