import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { currentOsThread } from '../util/os-thread.ts';
import type { RequestFrame } from './codec/request-frame.ts';
import { DebugSwitch } from './debug-switch.ts';
import { FuseDevice } from './device.ts';
import { Dispatcher } from './dispatcher.ts';
import type { FastLane, FastLaneFactory } from './filesystem.ts';
import type { FromFuseThread, FuseThreadData, ToFuseThread } from './fuse-thread-messages.ts';
import { OperationCounters } from './operation-counters.ts';
import { PostingLogger } from './posting-logger.ts';
import { ReplyWriter } from './reply-writer.ts';
import { serve } from './session.ts';
import { LoggingTrace } from './trace.ts';

/**
 * The thread that loops on the device. It loads the fast lane, says so, is given the descriptor of a mount, and then blocks
 * between requests until the mount is over: from there on it receives nothing but through shared memory and
 * `receiveMessageOnPort`.
 */
async function main(port: MessagePort, data: FuseThreadData): Promise<void> {
  const logger = new PostingLogger(port, new DebugSwitch(data.debug));
  const fastLane = await loadFastLane(data, logger);
  const post = (message: FromFuseThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const served = new Promise<number>(resolve => port.once('message', (message: ToFuseThread) => resolve(message.fd)));
  post({ kind: 'loaded', osThread: currentOsThread() });
  const fd = await served;

  const replies = new ReplyWriter(fd, logger);
  const dispatcher = new Dispatcher({
    lane: 'fast',
    filesystem: fastLane,
    replies,
    logger,
    forward: data.hasSlowLane ? frame => forward(frame) : undefined,
    trace: data.trace ? new LoggingTrace(logger, 'fast') : undefined,
    counters: data.counters && new OperationCounters(data.counters, 'fast'),
  });
  const end = serve({
    device: new FuseDevice(fd),
    replies,
    onReady(limits) {
      logger.debug({ limits }, 'the kernel agreed on the protocol');
      fastLane.init?.(limits);
      post({ kind: 'ready', fd, limits });
    },
    ...(fastLane.beforeRequest && { beforeRequest: fastLane.beforeRequest.bind(fastLane) }),
    handle: frame => dispatcher.dispatch(frame),
  });
  fastLane.destroy?.();
  post({ kind: 'ended', end });

  function forward(frame: RequestFrame): void {
    const copy = frame.copy();
    post({ kind: 'forward', frame: copy }, [copy]);
  }
}

async function loadFastLane(data: FuseThreadData, logger: PostingLogger): Promise<FastLane> {
  if (data.fastLaneModule === undefined) return {};
  const module: unknown = await import(data.fastLaneModule);
  if (!hasFactory(module)) throw new TypeError(`${data.fastLaneModule} has no function as its default export`);
  return module.default({ data: data.fastLaneData, logger });
}

function hasFactory(module: unknown): module is { default: FastLaneFactory } {
  return typeof module === 'object' && module !== null && 'default' in module && typeof module.default === 'function';
}

if (parentPort === null) throw new Error('fuse-thread runs in a worker only');
await main(parentPort, workerData);
