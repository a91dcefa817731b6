import type { Logger } from '../util/logger.ts';
import { Errno } from './abi/errno.ts';
import { Opcode } from './abi/opcodes.ts';
import { decodeInterrupt } from './codec/decode-request.ts';
import { bodyBytesOfReply, errnoOfReply, ReplyEncoder, type ReplyParts } from './codec/reply-encoder.ts';
import type { RequestFrame } from './codec/request-frame.ts';
import { ErrnoError, type FastLane, FORWARD, type RequestContext } from './filesystem.ts';
import type { Handler } from './operation.ts';
import type { OperationCounters } from './operation-counters.ts';
import { operationTable } from './operation-table.ts';
import type { Trace } from './trace.ts';

/** Where a reply goes. */
export interface ReplySink {
  write(parts: ReplyParts): void;
}

export interface DispatcherOptions {
  readonly filesystem: FastLane;
  readonly replies: ReplySink;
  readonly logger: Logger;
  /** `fast` methods may not return promises; frames are then loaded anew as soon as `dispatch` returns. */
  readonly lane: 'fast' | 'slow';
  /** Takes the frames that this lane declines or has no method for. */
  readonly forward?: ((frame: RequestFrame) => void) | undefined;
  readonly trace?: Trace | undefined;
  readonly counters?: OperationCounters | undefined;
}

/**
 * Bytes in, bytes out: decodes a frame, calls one method of the filesystem, and replies exactly once. It knows no device and
 * no thread; each lane has one.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  /** By opcode. */
  readonly #operations: readonly (BoundOperation | undefined)[];
  readonly #encoder = new ReplyEncoder();
  /** Of the fast lane, where a context is over when its call returns. */
  readonly #reusedContext: CallContext | undefined;
  /** Requests whose method has returned a promise, by unique. */
  readonly #inFlight = new Map<number, CallContext>();
  readonly #reportedOpcodes = new Set<number>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#reusedContext = options.lane === 'fast' ? new CallContext() : undefined;
    this.#operations = bindAll(options.filesystem, options.forward !== undefined);
  }

  /** Requests that wait for a promise. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  dispatch(frame: RequestFrame): void {
    this.#options.trace?.request(frame);
    if (this.#options.counters) frame.startedAt = this.#options.counters.started(frame.opcode);
    const operation = this.#operations[frame.opcode];
    if (operation !== undefined) this.#call(operation, frame);
    else if (frame.opcode === Opcode.INTERRUPT) this.#interrupt(frame);
    else this.#refuseUnknown(frame);
  }

  /** Fires the signal of every request that waits. Their replies, if any come, go to the sink as ever. */
  abortAll(): void {
    for (const context of this.#inFlight.values()) context.abort(new ErrnoError(Errno.ENODEV, 'unmounted'));
  }

  #call(operation: BoundOperation, frame: RequestFrame): void {
    const context = this.#reusedContext ?? new CallContext();
    context.load(frame);
    let result: unknown;
    try {
      frame.check(operation.bodySize);
      result = operation.handler.call(context, frame);
    } catch (error) {
      this.#fail(frame, operation, error);
      return;
    }
    if (result === FORWARD) this.#forward(frame, operation);
    else if (result instanceof Promise) this.#succeedLater({ frame, operation, context }, result);
    else this.#succeed(frame, operation, result);
  }

  /**
   * INTERRUPT itself is never answered: EAGAIN makes the kernel send it again at once, ENOSYS leaves the caller in D state.
   * Its target fails with EINTR, if it still waits. The kernel sends it after its target and every lane keeps the order, so
   * an unknown target is one that was answered.
   */
  #interrupt(frame: RequestFrame): void {
    if (this.#options.forward !== undefined) {
      this.#options.counters?.forwarded(frame.opcode);
      this.#options.forward(frame);
      return;
    }
    this.#inFlight.get(decodeInterrupt(frame))?.abort(new ErrnoError(Errno.EINTR, 'interrupted'));
    this.#finishUnanswered(frame);
  }

  #refuseUnknown(frame: RequestFrame): void {
    const { opcode } = frame;
    if (!this.#reportedOpcodes.has(opcode)) {
      this.#reportedOpcodes.add(opcode);
      this.#options.logger.warn({ opcode }, 'unknown request refused; the next of its kind are not logged');
    }
    this.#send(frame, this.#encoder.error(frame, Errno.ENOSYS));
  }

  #forward(frame: RequestFrame, operation: BoundOperation): void {
    if (this.#options.forward === undefined) {
      this.#fail(frame, operation, new Error('declined, and there is no other lane'));
      return;
    }
    this.#options.counters?.forwarded(frame.opcode);
    this.#options.forward(frame);
  }

  async #succeedLater(call: PendingCall, promise: Promise<unknown>): Promise<void> {
    const { frame, operation, context } = call;
    if (this.#reusedContext !== undefined) {
      promise.catch(() => {});
      this.#fail(frame, operation, new Error('the fast lane may not return a promise'));
      return;
    }
    this.#inFlight.set(context.unique, context);
    let result: unknown;
    try {
      result = await promise;
    } catch (error) {
      this.#fail(frame, operation, context.reasonFor(error));
      return;
    } finally {
      this.#inFlight.delete(context.unique);
    }
    this.#succeed(frame, operation, result);
  }

  #succeed(frame: RequestFrame, operation: BoundOperation, result: unknown): void {
    const { handler } = operation;
    try {
      if (operation.replies) this.#send(frame, handler.encode(this.#encoder, frame, result));
      else this.#finishUnanswered(frame);
    } catch (error) {
      this.#fail(frame, operation, error);
    } finally {
      handler.release?.(result);
    }
  }

  #fail(frame: RequestFrame, operation: BoundOperation, error: unknown): void {
    const expected = error instanceof ErrnoError;
    if (!expected) this.#options.logger.error({ error, operation: operation.name }, 'a request failed unexpectedly');
    if (operation.replies) this.#send(frame, this.#encoder.error(frame, expected ? error.errno : Errno.EIO));
    else this.#finishUnanswered(frame);
  }

  /** Every reply of this lane passes here, once for each request. */
  #send(frame: RequestFrame, parts: ReplyParts): void {
    this.#options.trace?.reply(frame, parts);
    this.#options.replies.write(parts);
    const { counters } = this.#options;
    if (counters === undefined) return;
    const errno = errnoOfReply(parts);
    if (frame.opcode === Opcode.READ && errno === 0) counters.transferred(frame.opcode, bodyBytesOfReply(parts));
    counters.finished(frame.opcode, frame.startedAt, errno);
  }

  #finishUnanswered(frame: RequestFrame): void {
    this.#options.counters?.finished(frame.opcode, frame.startedAt, 0);
  }
}

interface PendingCall {
  readonly frame: RequestFrame;
  readonly operation: BoundOperation;
  readonly context: CallContext;
}

interface BoundOperation {
  readonly name: string;
  readonly bodySize: number;
  readonly replies: boolean;
  readonly handler: Handler;
}

function bindAll(filesystem: FastLane, forwardAbsent: boolean): (BoundOperation | undefined)[] {
  const bound: (BoundOperation | undefined)[] = [];
  for (const [opcode, operation] of operationTable) {
    const handler = operation.bind(filesystem) ?? (forwardAbsent ? declined : operation.bindAbsent(filesystem));
    bound[opcode] = { name: operation.name, bodySize: operation.bodySize, replies: operation.replies, handler };
  }
  return bound;
}

const declined: Handler = {
  call: () => FORWARD,
  encode: (encoder, frame) => encoder.empty(frame),
};

class CallContext implements RequestContext {
  unique = 0;
  uid = 0;
  gid = 0;
  pid = 0;
  /** Made when first asked for: most requests never wait. */
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  load(frame: RequestFrame): void {
    this.unique = frame.unique;
    this.uid = frame.uid;
    this.gid = frame.gid;
    this.pid = frame.pid;
  }

  abort(reason: ErrnoError): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  /** After an abort a method may reject with whatever the abort made of its own waits. */
  reasonFor(error: unknown): unknown {
    if (error instanceof ErrnoError || !this.#controller?.signal.aborted) return error;
    return this.#controller.signal.reason;
  }
}
