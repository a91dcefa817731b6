import type { Errno } from './abi/errno.ts';
import { opcodeName } from './abi/opcodes.ts';
import type { ReplyEncoder, ReplyParts } from './codec/reply-encoder.ts';
import type { RequestFrame } from './codec/request-frame.ts';
import { type Answer, ErrnoError, type FastLane, type Filesystem, type RequestContext } from './filesystem.ts';

/** One thing that the kernel can ask. `Dispatcher` binds it to one filesystem. */
export interface Operation {
  readonly opcode: number;
  readonly name: string;
  /** Bytes that the struct after the header has at least. */
  readonly bodySize: number;
  /** False for what the kernel takes no reply to. */
  readonly replies: boolean;
  /** Undefined when the filesystem has no method for it. */
  bind(filesystem: FastLane): Handler | undefined;
  /** What is answered where no filesystem has a method for it. */
  bindAbsent(filesystem: FastLane): Handler;
}

/** Decodes and calls one method, and encodes what it returned or what its promise gave. */
export interface Handler<Result = unknown> {
  call(context: RequestContext, frame: RequestFrame): Answer<Result>;
  encode(encoder: ReplyEncoder, frame: RequestFrame, result: Result): ReplyParts;
  /** After the reply was written, or could not be: whatever the result holds is no longer needed. */
  release?(result: Result): void;
}

type MethodName = Exclude<keyof FastLane, 'init' | 'destroy' | 'beforeRequest'>;
/** A filesystem of which is known that it has the method. */
export type With<Method extends MethodName> = Required<Pick<Filesystem, Method>>;
type AbsentCall<Result> = (filesystem: FastLane, context: RequestContext, frame: RequestFrame) => Answer<Result>;

interface OperationSpec<Method extends MethodName, Result> {
  readonly bodySize?: number;
  readonly replies?: boolean;
  call(filesystem: With<Method>, context: RequestContext, frame: RequestFrame): Answer<Result>;
  encode(encoder: ReplyEncoder, frame: RequestFrame, result: Result): ReplyParts;
  release?(result: Result): void;
  /** The answer where the method is missing. */
  readonly absent: Errno | AbsentCall<Result>;
}

export function operation<Method extends MethodName, Result>(
  opcode: number,
  method: Method,
  spec: OperationSpec<Method, Result>,
): Operation {
  const absent = typeof spec.absent === 'number' ? failWith(spec.absent) : spec.absent;
  return {
    opcode,
    name: opcodeName(opcode),
    bodySize: spec.bodySize ?? 0,
    replies: spec.replies ?? true,
    bind(filesystem): Handler<Result> | undefined {
      if (!hasMethod(filesystem, method)) return undefined;
      const call = (context: RequestContext, frame: RequestFrame) => spec.call(filesystem, context, frame);
      return { ...spec, call };
    },
    bindAbsent(filesystem): Handler<Result> {
      const call = (context: RequestContext, frame: RequestFrame) => absent(filesystem, context, frame);
      return { ...spec, call };
    },
  };
}

/** An operation that is answered without the filesystem. */
export function answer(opcode: number, call: AbsentCall<void>): Operation {
  const bindAbsent = (filesystem: FastLane): Handler<void> => ({
    call: (context, frame) => call(filesystem, context, frame),
    encode: (encoder, frame) => encoder.empty(frame),
  });
  return { opcode, name: opcodeName(opcode), bodySize: 0, replies: true, bind: bindAbsent, bindAbsent };
}

export function refusal(opcode: number, errno: Errno): Operation {
  return answer(opcode, failWith(errno));
}

function hasMethod<Method extends MethodName>(
  filesystem: FastLane,
  method: Method,
): filesystem is FastLane & With<Method> {
  return filesystem[method] !== undefined;
}

function failWith(errno: Errno): () => never {
  return () => {
    throw new ErrnoError(errno);
  };
}
