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
  const limiterOf = (level: LimitedLevel) =>
    new RepeatLimiter((key, count) => root[level]({ repeats: count }, `${key} (repeated, not shown)`));
  const limiters = { info: limiterOf('info'), warn: limiterOf('warn'), error: limiterOf('error') };
  return Object.assign(new LimitedLogger(root, limiters), {
    setLevel(newLevel: LogLevel) {
      root.level = newLevel;
    },
    close() {
      for (const limiter of Object.values(limiters)) limiter.close();
    },
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
  readonly #limiters: RepeatLimiters;

  constructor(pinoLogger: pino.Logger, limiters: RepeatLimiters) {
    this.#pino = pinoLogger;
    this.#limiters = limiters;
  }

  get debugEnabled(): boolean {
    return this.#pino.isLevelEnabled('debug');
  }

  debug(fields: LogFields, message: string): void {
    this.#pino.debug(fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#limited('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#limited('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#limited('error', fields, message);
  }

  child(bindings: LogFields): Logger {
    return new LimitedLogger(this.#pino.child(bindings), this.#limiters);
  }

  #limited(level: LimitedLevel, fields: LogFields, message: string): void {
    if (this.#pino.isLevelEnabled(level) && this.#limiters[level].admits(message)) this.#pino[level](fields, message);
  }
}

type LimitedLevel = 'info' | 'warn' | 'error';
type RepeatLimiters = Readonly<Record<LimitedLevel, RepeatLimiter>>;
