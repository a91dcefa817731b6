import type { Clock } from '../util/clock.ts';
import type { Deadline } from './deadline.ts';
import type { Demand, OpenFile } from './open-file.ts';
import type { PendingRead } from './pending-read.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { ReadPolicy, ReadRange } from './reader.ts';

/** A reader that is alive, at another descriptor of the handle, asks again for what it still needs: the kernel does so by itself. */
const FLUSH_GRACE_MS = 250;

/** One open handle on the main thread. */
export class OpenHandle implements Demand {
  readonly handle: number;
  readonly file: OpenFile;
  readonly readAhead: ReadAhead;
  policy: ReadPolicy;
  /** Its reads that wait, and since when on the clock's scale. */
  readonly pending: Map<PendingRead, { readonly sinceMs: number; readonly deadline: Deadline }> = new Map();
  /** What this thread was last told of; the fuse thread answers most reads without a word. */
  lastRead: ReadRange | undefined;
  /** How often the fuse thread had seen it jump when it was last looked at. */
  seenJumps = 0;
  /** What was asked for with EAGAIN for an answer: fetched, so that asking again makes sense. */
  #wish: { from: number; readonly to: number } | undefined;
  #stopGrace: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: { handle: number; file: OpenFile; readAhead: ReadAhead; policy: ReadPolicy }) {
    this.handle = parts.handle;
    this.file = parts.file;
    this.readAhead = parts.readAhead;
    this.policy = parts.policy;
  }

  ahead(): { readonly from: number; readonly to: number }[] {
    const ranges = this.#wish === undefined ? [] : [this.#wish];
    for (const { next, end } of this.readAhead.windows) ranges.push({ from: next, to: end });
    return ranges;
  }

  brought(from: number, to: number): void {
    this.readAhead.brought(from, to);
    if (this.#wish !== undefined && from <= this.#wish.from && this.#wish.from < to) this.#wish.from = to;
  }

  cut(from: number, to: number): void {
    this.readAhead.cut(from, to);
    if (this.#wish !== undefined && this.#wish.from < to && from < this.#wish.to) this.#wish = undefined;
  }

  /** Has the bytes fetched in place of those that were wished for before. */
  wish(from: number, to: number): void {
    this.#wish = { from, to: this.file.layout.roundUp(to) };
    this.file.plan();
  }

  /** See {@link Reader.flushed}. */
  flushed(clock: Clock): void {
    this.readAhead.drop();
    const waiting = [...this.pending.keys()];
    if (waiting.length === 0 || this.#stopGrace !== undefined) return;
    this.#stopGrace = clock.after(FLUSH_GRACE_MS, () => {
      this.#stopGrace = undefined;
      for (const read of waiting) read.fail(new DOMException('a descriptor of the file was closed', 'AbortError'));
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopGrace?.();
    this.readAhead.drop();
  }
}
