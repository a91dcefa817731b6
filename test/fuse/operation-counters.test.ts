import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { RequestFrame } from '../../src/fuse/codec/request-frame.ts';
import { Dispatcher } from '../../src/fuse/dispatcher.ts';
import { ErrnoError, type FastLane, FORWARD } from '../../src/fuse/filesystem.ts';
import { OperationCounters, operationCounterMemory, readOperationCounters } from '../../src/fuse/operation-counters.ts';
import { latencyCount } from '../../src/util/latency-histogram.ts';
import { silentLogger } from '../../src/util/logger.ts';

const GETATTR = 3;
const READ = 15;
const ENOENT = 2;

describe('OperationCounters', () => {
  let memory: SharedArrayBuffer;
  let fast: OperationCounters;
  let slow: OperationCounters;
  beforeEach(() => {
    memory = operationCounterMemory();
    fast = new OperationCounters(memory, 'fast');
    slow = new OperationCounters(memory, 'slow');
  });

  test('tells nothing of opcodes that never came', () => {
    expect(readOperationCounters(memory)).toEqual([]);
  });

  test('counts requests, their errors and their durations', () => {
    fast.finished(GETATTR, fast.started(GETATTR), 0);
    fast.finished(GETATTR, fast.started(GETATTR), ENOENT);
    const [row, ...others] = readOperationCounters(memory);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ operation: 'GETATTR', lane: 'fast', count: 2, inFlight: 0, forwarded: 0 });
    expect(row?.errors).toEqual([{ errno: 'ENOENT', count: 1 }]);
    expect(row && latencyCount(row.latencies)).toBe(2);
  });

  test('follows a request that one lane declines and the other answers later', () => {
    fast.started(READ);
    fast.forwarded(READ);
    const startedAt = slow.started(READ);
    expect(readOperationCounters(memory)).toMatchObject([
      { lane: 'fast', operation: 'READ', count: 0, forwarded: 1, inFlight: 0 },
      { lane: 'slow', operation: 'READ', count: 0, forwarded: 0, inFlight: 1 },
    ]);
    slow.transferred(READ, 4096);
    slow.finished(READ, startedAt, 0);
    expect(readOperationCounters(memory)[1]).toMatchObject({ count: 1, inFlight: 0, bytes: 4096 });
  });

  test('takes opcodes and error numbers that it does not know', () => {
    slow.finished(4096, slow.started(4096), 4095);
    expect(readOperationCounters(memory)).toMatchObject([
      { operation: 'other', count: 1, errors: [{ errno: 'other', count: 1 }] },
    ]);
  });
});

describe('a dispatcher', () => {
  test('counts each request once: answered, failed, forwarded, waiting, or without a reply', async () => {
    const memory = operationCounterMemory();
    let answerRead = (_: { slices: Uint8Array[] }) => {};
    const slow = dispatcher(memory, 'slow', {
      read: () => new Promise(resolve => { answerRead = resolve; }), // biome-ignore format: one line
    });
    const fast = dispatcher(memory, 'fast', { lookup() { throw new ErrnoError(ENOENT); }, read: () => FORWARD, forget() {} }, slow); // biome-ignore format: one line

    for (const opcode of [LOOKUP, READ, FORGET]) fast.dispatch(frame(opcode));
    expect(readOperationCounters(memory)).toMatchObject([
      { operation: 'LOOKUP', lane: 'fast', count: 1, errors: [{ errno: 'ENOENT', count: 1 }] },
      { operation: 'FORGET', lane: 'fast', count: 1, inFlight: 0 },
      { operation: 'READ', lane: 'fast', count: 0, forwarded: 1, inFlight: 0 },
      { operation: 'READ', lane: 'slow', count: 0, inFlight: 1 },
    ]);

    answerRead({ slices: [new Uint8Array(70), new Uint8Array(20)] });
    await setImmediate();
    const slowRead = readOperationCounters(memory).at(-1);
    expect(slowRead).toMatchObject({ operation: 'READ', lane: 'slow', count: 1, inFlight: 0, bytes: 90, errors: [] });
  });
});

const LOOKUP = 1;
const FORGET = 2;

function dispatcher(memory: SharedArrayBuffer, lane: 'fast' | 'slow', filesystem: FastLane, next?: Dispatcher) {
  return new Dispatcher({
    lane,
    filesystem,
    replies: { write() {} },
    logger: silentLogger,
    forward: next && (forwarded => next.dispatch(loaded(forwarded.copy()))),
    counters: new OperationCounters(memory, lane),
  });
}

/** `fuse_in_header` and 40 bytes that serve as any body, words of 97. */
function frame(opcode: number): RequestFrame {
  const words = new Uint32Array(20);
  words.set([80, opcode, 1, 0, 1]);
  words.fill(0x61, 10, 19);
  return loaded(words.buffer);
}

function loaded(buffer: ArrayBuffer): RequestFrame {
  const request = new RequestFrame(buffer);
  request.load(buffer.byteLength);
  return request;
}
