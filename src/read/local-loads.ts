import type { ByteRange } from './byte-ranges.ts';
import { fileClosed } from './errors.ts';
import type { Deliver, LocalPieces } from './local-pieces.ts';

/** A disk serves a few reads at once as fast as many, and Node has four threads for them. */
const MAX_LOADS = 4;

/** The reads of one file's local bytes that are under way: a few at a time, no byte twice. */
export class LocalLoads {
  readonly #pieces: LocalPieces;
  readonly #deliver: Deliver;
  readonly #finished: () => void;
  readonly #running: Set<{ readonly from: number; readonly to: number; readonly done: Promise<void> }> = new Set();
  readonly #closing = new AbortController();

  /** @param finished called after each load: there may be more to do */
  constructor(pieces: LocalPieces, deliver: Deliver, finished: () => void) {
    this.#pieces = pieces;
    this.#deliver = deliver;
    this.#finished = finished;
  }

  /** Starts as many loads as there is room for, the first first; the rest is asked for again after the next one. */
  start(wants: readonly ByteRange[]): void {
    for (const want of wants) {
      for (let at = want.from; at < want.to; ) {
        if (this.#running.size >= MAX_LOADS || this.#closing.signal.aborted) return;
        at = this.#endOfRunning(at) ?? this.#load(at, want.to);
      }
    }
  }

  /** Resolves when no load is under way. */
  async close(): Promise<void> {
    this.#closing.abort(fileClosed);
    await Promise.all([...this.#running].map(load => load.done));
  }

  #endOfRunning(offset: number): number | undefined {
    for (const { from, to } of this.#running) if (from <= offset && offset < to) return to;
    return undefined;
  }

  /** @returns up to where it goes */
  #load(from: number, wantedTo: number): number {
    const to = this.#pieces.extent(from, wantedTo);
    const done = this.#pieces
      .load(from, to, this.#deliver, this.#closing.signal)
      // It rejects only when it is closed: what goes wrong makes the piece one that is not local.
      .catch(() => undefined)
      .then(() => {
        this.#running.delete(load);
        if (!this.#closing.signal.aborted) this.#finished();
      });
    const load = { from, to, done };
    this.#running.add(load);
    return to;
  }
}
