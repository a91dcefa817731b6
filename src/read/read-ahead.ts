import { type Cursor, ReadPattern } from './read-pattern.ts';
import { readWindow, windowStep } from './read-window.ts';
import type { ReadRange } from './reader.ts';
import type { WindowLedger, WindowOwner } from './window-ledger.ts';

export interface ReadAheadParts {
  readonly fileLength: number;
  readonly ledger: WindowLedger;
  /** The largest window; 0 reads nothing ahead. */
  readonly maxBytes: number;
  /** See {@link WindowOwner.priority}. */
  readonly priority: () => number;
  /** The windows have changed. */
  readonly onChange: () => void;
}

/** Bytes that are to be fetched before anybody asks for them. */
export interface Window extends WindowOwner {
  readonly cursor: Cursor;
  /** The first byte that was not fetched for it. What was, and is evicted before it was read, is not fetched again. */
  readonly next: number;
  /** Exclusive; at most `next` when there is nothing to fetch. */
  readonly end: number;
}

/** What one handle reads ahead: a window for each cursor of its pattern, as wide as it has proven and the ledger grants. */
export class ReadAhead {
  readonly #parts: ReadAheadParts;
  readonly #pattern: ReadPattern;
  readonly #windows: Map<Cursor, CursorWindow> = new Map();

  constructor(parts: ReadAheadParts) {
    this.#parts = parts;
    this.#pattern = new ReadPattern(parts.fileLength);
  }

  get windows(): Iterable<Window> {
    return this.#windows.values();
  }

  /**
   * Takes a read into account.
   *
   * @param silentlyReadTo see {@link ObservedRead}
   * @returns the offset at which the next read should be reported; undefined when it need not change
   */
  observe(range: ReadRange, nowMs: number, silentlyReadTo: number): number | undefined {
    const seen = this.#pattern.observe({ ...range, nowMs, silentlyReadTo });
    if (seen.kind === 'probe') return undefined;
    if (seen.kind === 'starts') this.#dropInactive();
    seen.cursor.mark = seen.cursor.position + this.#widen(seen.cursor);
    return seen.cursor.mark;
  }

  /** Bytes `[from, to)` have come. */
  brought(from: number, to: number): void {
    for (const window of this.#windows.values()) {
      if (from <= window.next && window.next < to) window.next = to;
    }
  }

  /** Bytes `[from, to)` cannot be had now: no window reaches over them until its cursor moves. */
  cut(from: number, to: number): void {
    for (const window of this.#windows.values()) {
      if (window.next < to && from < window.end) window.end = Math.max(window.next, from);
    }
  }

  /** Stops all of it until the next read. */
  drop(): void {
    for (const window of this.#windows.values()) this.#parts.ledger.release(window);
    if (this.#windows.size === 0) return;
    this.#windows.clear();
    this.#parts.onChange();
  }

  #dropInactive(): void {
    for (const [cursor, window] of this.#windows) {
      if (cursor.active) continue;
      this.#parts.ledger.release(window);
      this.#windows.delete(cursor);
      this.#parts.onChange();
    }
  }

  /** @returns how far the reader may go on before the window has to move */
  #widen(cursor: Cursor): number {
    const { ledger, maxBytes, fileLength, onChange, priority } = this.#parts;
    const wanted = Math.min(readWindow(cursor, maxBytes), fileLength - cursor.position);
    if (wanted <= 0) return 0;
    const window = this.#windows.get(cursor) ?? new CursorWindow(cursor, { onChange, priority });
    this.#windows.set(cursor, window);
    const granted = ledger.grant(window, wanted);
    window.next = Math.max(window.next, cursor.position);
    window.end = cursor.position + granted;
    onChange();
    return windowStep(granted);
  }
}

class CursorWindow implements Window {
  readonly cursor: Cursor;
  next = 0;
  end = 0;
  readonly #parts: Pick<ReadAheadParts, 'onChange' | 'priority'>;

  constructor(cursor: Cursor, parts: Pick<ReadAheadParts, 'onChange' | 'priority'>) {
    this.cursor = cursor;
    this.#parts = parts;
  }

  get priority(): number {
    return this.#parts.priority();
  }

  revoked(): void {
    this.end = 0;
    this.#parts.onChange();
  }
}
