import { Dispatcher, type DispatcherOptions } from '../../src/fuse/dispatcher.ts';
import type { Filesystem } from '../../src/fuse/filesystem.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { frameOf } from './frame-of.ts';

export interface LogLine {
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A dispatcher with nothing around it: what it replied, forwarded and logged lies in arrays. */
export class DispatcherHarness {
  readonly replies: Buffer[] = [];
  readonly forwarded: number[] = [];
  readonly log: LogLine[] = [];
  readonly dispatcher: Dispatcher;

  constructor(filesystem: Partial<Filesystem>, options: Partial<DispatcherOptions> = {}) {
    this.dispatcher = new Dispatcher({
      lane: 'slow',
      filesystem,
      replies: { write: parts => this.replies.push(Buffer.concat(parts)) },
      logger: {
        ...silentLogger,
        warn: (fields, message) => this.log.push({ level: 'warn', fields, message }),
        error: (fields, message) => this.log.push({ level: 'error', fields, message }),
      },
      ...options,
    });
  }

  /** With the other lane behind it. */
  static fast(filesystem: Partial<Filesystem>): DispatcherHarness {
    const harness: DispatcherHarness = new DispatcherHarness(filesystem, {
      lane: 'fast',
      forward: frame => harness.forwarded.push(frame.opcode),
    });
    return harness;
  }

  send(frame: Uint8Array): void {
    this.dispatcher.dispatch(frameOf(frame));
  }

  /** Sends and returns the only reply, once every promise that needs no event is settled. */
  async ask(frame: Uint8Array): Promise<Buffer | undefined> {
    const before = this.replies.length;
    this.send(frame);
    await new Promise(resolve => setImmediate(resolve));
    return this.replies[before];
  }
}
