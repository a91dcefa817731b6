import { LatencyHistogram, type LatencySnapshot, latencyCells, latencyCount } from '../util/latency-histogram.ts';
import { errnoName } from './abi/errno.ts';
import { opcodeName } from './abi/opcodes.ts';

/**
 * Counts requests by opcode, errno and duration in shared memory, so that whoever shows them reads them without asking the
 * threads that count. Each lane owns a region of it and is its one writer: plain additions, no atomics, no allocation.
 * A request costs two readings of the clock (45 ns each) and a few additions, about 1 % of the cheapest request.
 */
export class OperationCounters {
  readonly #rows: Float64Array;
  readonly #errors: Float64Array;
  readonly #latencies: readonly LatencyHistogram[];

  /** @param memory of {@link operationCounterMemory}, shared by the lanes */
  constructor(memory: SharedArrayBuffer, lane: OperationLane) {
    const region = regionOf(memory, lane);
    this.#rows = region.subarray(0, errorsStart);
    this.#errors = region.subarray(errorsStart);
    this.#latencies = Array.from({ length: opcodeLimit }, (_, row) => new LatencyHistogram(latencyOf(region, row)));
  }

  /** The lane takes up a request; what {@link finished} wants to have back. */
  started(opcode: number): number {
    this.#add(opcode, STARTED, 1);
    return performance.now();
  }

  /** @param errno 0 for success, and for what gets no reply */
  finished(opcode: number, startedAt: number, errno: number): void {
    (this.#latencies[rowOf(opcode)] as LatencyHistogram).record(performance.now() - startedAt);
    if (errno === 0) return;
    const cell = rowOf(opcode) * errnoLimit + (errno < errnoLimit ? errno : OTHER);
    this.#errors[cell] = (this.#errors[cell] as number) + 1;
  }

  /** The lane declined the request, which the other one answers. */
  forwarded(opcode: number): void {
    this.#add(opcode, FORWARDED, 1);
  }

  /** Payload of a reply to READ, or of a WRITE. */
  transferred(opcode: number, bytes: number): void {
    this.#add(opcode, BYTES, bytes);
  }

  #add(opcode: number, column: number, amount: number): void {
    const cell = rowOf(opcode) * rowCells + column;
    this.#rows[cell] = (this.#rows[cell] as number) + amount;
  }
}

export type OperationLane = 'fast' | 'slow';
const lanes: readonly OperationLane[] = ['fast', 'slow'];

/** What both lanes count in, all zero. */
export function operationCounterMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(lanes.length * regionCells * Float64Array.BYTES_PER_ELEMENT);
}

/** What happened to the requests of one opcode on one lane. */
export interface OperationTotals {
  /** The kernel's name without its prefix, such as `READ`; `other` for what is not known here. */
  readonly operation: string;
  readonly lane: OperationLane;
  /** Finished on this lane, errors included. */
  readonly count: number;
  readonly forwarded: number;
  readonly inFlight: number;
  readonly bytes: number;
  readonly latencies: LatencySnapshot;
  /** By name, such as `ENOENT`. */
  readonly errors: readonly { readonly errno: string; readonly count: number }[];
}

/** The opcodes that came so far. The figures of one row may be a request apart from each other. */
export function readOperationCounters(memory: SharedArrayBuffer): OperationTotals[] {
  return lanes.flatMap(lane => {
    const region = regionOf(memory, lane);
    return Array.from({ length: opcodeLimit }, (_, opcode) => totals(region, lane, opcode)).filter(
      row => row.count + row.forwarded + row.inFlight > 0,
    );
  });
}

/** Over 53, the highest opcode of protocol 7.45. */
const opcodeLimit = 64;
/** Over 133 (EHWPOISON), the highest errno that Linux shows to programs. */
const errnoLimit = 134;
/** The row of unknown opcodes, and the cell of unknown error numbers: no known one is 0. */
const OTHER = 0;
const STARTED = 0;
const FORWARDED = 1;
const BYTES = 2;
const latencyStart = 3;
const rowCells = latencyStart + latencyCells;
const errorsStart = opcodeLimit * rowCells;
const regionCells = errorsStart + opcodeLimit * errnoLimit;

function regionOf(memory: SharedArrayBuffer, lane: OperationLane): Float64Array {
  const cells = new Float64Array(memory);
  const start = lanes.indexOf(lane) * regionCells;
  return cells.subarray(start, start + regionCells);
}

function latencyOf(region: Float64Array, row: number): Float64Array {
  return region.subarray(row * rowCells + latencyStart, (row + 1) * rowCells);
}

function rowOf(opcode: number): number {
  return opcode < opcodeLimit ? opcode : OTHER;
}

function totals(region: Float64Array, lane: OperationLane, opcode: number): OperationTotals {
  const column = (index: number) => region[opcode * rowCells + index] as number;
  const latencies = new LatencyHistogram(latencyOf(region, opcode)).snapshot();
  const count = latencyCount(latencies);
  const forwarded = column(FORWARDED);
  const errors = region.subarray(errorsStart + opcode * errnoLimit, errorsStart + (opcode + 1) * errnoLimit);
  return {
    operation: opcode === OTHER ? 'other' : opcodeName(opcode),
    lane,
    count,
    forwarded,
    inFlight: Math.max(0, column(STARTED) - forwarded - count),
    bytes: column(BYTES),
    latencies,
    errors: Array.from(errors, (errorCount, errno) => ({
      errno: errno === OTHER ? 'other' : errnoName(errno),
      count: errorCount,
    })).filter(error => error.count > 0),
  };
}
