/** Bytes `[from, to)`. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** A set of bytes, as sorted ranges `[from, to)` that neither overlap nor touch. Meant for a handful of ranges. */
export class ByteRanges {
  readonly #ranges: { from: number; to: number }[] = [];

  add(from: number, to: number): void {
    if (from >= to) return;
    const first = this.#ranges.findIndex(range => range.to >= from);
    if (first < 0) {
      this.#ranges.push({ from, to });
      return;
    }
    let merged = { from, to };
    let count = 0;
    for (
      let range = this.#ranges[first];
      range !== undefined && range.from <= to;
      range = this.#ranges[first + count]
    ) {
      merged = { from: Math.min(merged.from, range.from), to: Math.max(merged.to, range.to) };
      count++;
    }
    this.#ranges.splice(first, count, merged);
  }

  /** The first byte of `[from, to)` that is not in the set; `to` when all are. */
  firstMissing(from: number, to: number): number {
    let at = from;
    for (const range of this.#ranges) {
      if (range.to <= at) continue;
      if (range.from > at) break;
      at = range.to;
    }
    return Math.min(at, to);
  }

  /** The parts of `[from, to)` that are not in the set, in order. */
  missing(from: number, to: number): ByteRange[] {
    const missing: ByteRange[] = [];
    let at = from;
    for (const range of this.#ranges) {
      if (range.to <= at) continue;
      if (range.from >= to) break;
      if (range.from > at) missing.push({ from: at, to: range.from });
      at = range.to;
    }
    if (at < to) missing.push({ from: at, to });
    return missing;
  }

  has(from: number, to: number): boolean {
    return this.firstMissing(from, to) >= to;
  }

  clear(): void {
    this.#ranges.length = 0;
  }
}
