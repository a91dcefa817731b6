import type { FileId } from '../engine/index.ts';
import type { Logger } from '../util/logger.ts';
import type { BlockWaiter } from './block-assembly.ts';
import type { ByteRange } from './byte-ranges.ts';

/** A read in the log: `#12`, as the lines of FUSE requests and replies call it, so that one search finds all that it led to. */
export function readName(id: number): string {
  return `#${id}`;
}

/** The reads that wait for bytes of the range, in the order in which they came, each once. */
export function readsWaitingFor({ from, to }: ByteRange, waiters: Iterable<BlockWaiter>): string[] {
  const names = new Set<string>();
  for (const waiter of waiters) {
    if (waiter.read !== undefined && waiter.from < to && waiter.to > from) names.add(readName(waiter.read));
  }
  return [...names];
}

export interface TracedFetches {
  readonly waiters: Iterable<BlockWaiter>;
  readonly streams: readonly { readonly position: number; readonly end: number }[];
  readonly local: readonly ByteRange[];
}

/** Tells in the debug log from where each read's missing bytes come: once for each of its blocks and sources. */
export class FetchTrace {
  readonly #file: FileId;
  readonly #log: Logger;
  /** What was last told of a waiter: its stream, or this when its bytes come from a local file. */
  readonly #told = new WeakMap<BlockWaiter, object>();

  constructor(file: FileId, log: Logger) {
    this.#file = file;
    this.#log = log;
  }

  get enabled(): boolean {
    return this.#log.debugEnabled;
  }

  tell({ waiters, streams, local }: TracedFetches): void {
    for (const waiter of waiters) {
      if (waiter.read === undefined) continue;
      const { from, to } = waiter;
      const stream = streams.find(({ position, end }) => position < to && end > from);
      const source = stream ?? (local.some(range => range.from < to && range.to > from) ? this : undefined);
      if (source === undefined || this.#told.get(waiter) === source) continue;
      this.#told.set(waiter, source);
      const fetch = stream === undefined ? 'local file' : `stream at ${stream.position} to ${stream.end}`;
      this.#log.debug({ read: readName(waiter.read), ...this.#file, from, to, fetch }, 'a read waits for a fetch');
    }
  }
}
