import { beforeEach, describe, expect, test } from 'vitest';
import { OperationCounters, operationCounterMemory, readOperationCounters } from '../../src/fuse/operation-counters.ts';
import { latencyCount } from '../../src/util/latency-histogram.ts';

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
    expect(row).toMatchObject({ opcode: GETATTR, lane: 'fast', count: 2, inFlight: 0, forwarded: 0 });
    expect(row?.errors).toEqual([{ errno: ENOENT, count: 1 }]);
    expect(row && latencyCount(row.latencies)).toBe(2);
  });

  test('follows a request that one lane declines and the other answers later', () => {
    fast.started(READ);
    fast.forwarded(READ);
    const startedAt = slow.started(READ);
    expect(readOperationCounters(memory)).toMatchObject([
      { lane: 'fast', opcode: READ, count: 0, forwarded: 1, inFlight: 0 },
      { lane: 'slow', opcode: READ, count: 0, forwarded: 0, inFlight: 1 },
    ]);
    slow.transferred(READ, 4096);
    slow.finished(READ, startedAt, 0);
    expect(readOperationCounters(memory)[1]).toMatchObject({ count: 1, inFlight: 0, bytes: 4096 });
  });

  test('takes opcodes and error numbers that it does not know', () => {
    slow.finished(4096, slow.started(4096), 4095);
    expect(readOperationCounters(memory)).toMatchObject([{ opcode: 0, count: 1, errors: [{ errno: 0, count: 1 }] }]);
  });
});
