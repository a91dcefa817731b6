import type { Logger } from '../util/logger.ts';
import { RequestFrame } from './codec/request-frame.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Filesystem, SessionLimits } from './filesystem.ts';
import { OperationCounters } from './operation-counters.ts';
import { ReplyWriter } from './reply-writer.ts';
import { LoggingTrace } from './trace.ts';

export interface SlowLaneOptions {
  readonly logger: Logger;
  readonly trace: boolean;
  /** Memory of the operation counters; undefined when nobody counts. */
  readonly counters: SharedArrayBuffer | undefined;
}

/** Answers on the mounting thread what the fuse thread forwards, writing to the device itself. */
export class SlowLane {
  readonly #filesystem: Filesystem;
  readonly #options: SlowLaneOptions;
  #serving: { readonly replies: ReplyWriter; readonly dispatcher: Dispatcher } | undefined;

  constructor(filesystem: Filesystem, options: SlowLaneOptions) {
    this.#filesystem = filesystem;
    this.#options = options;
  }

  /** Before the first frame. */
  open(fd: number, limits: SessionLimits): void {
    const { logger, trace, counters } = this.#options;
    const replies = new ReplyWriter(fd, logger);
    const dispatcher = new Dispatcher({
      lane: 'slow',
      filesystem: this.#filesystem,
      replies,
      logger,
      trace: trace ? new LoggingTrace(logger, 'slow') : undefined,
      counters: counters && new OperationCounters(counters, 'slow'),
    });
    this.#serving = { replies, dispatcher };
    this.#filesystem.init?.(limits);
  }

  /** Takes a frame of the fuse thread, in the order in which the kernel sent them. */
  handle(buffer: ArrayBuffer): void {
    const frame = new RequestFrame(buffer);
    frame.load(frame.statedLength);
    this.#serving?.dispatcher.dispatch(frame);
  }

  /** The mount is gone: whoever waits is told, and nothing is written to the descriptor any more. */
  close(): void {
    if (this.#serving === undefined) return;
    this.#serving.replies.close();
    this.#serving.dispatcher.abortAll();
    this.#serving = undefined;
    this.#filesystem.destroy?.();
  }
}
