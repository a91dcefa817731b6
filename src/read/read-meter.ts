import { codeOf } from '../util/error-facts.ts';
import { LatencyHistogram, type LatencySnapshot } from '../util/latency-histogram.ts';

/** Times and outcomes of the reads that were not answered from memory at once. */
export class ReadMeter {
  readonly #now: () => number;
  readonly #waits = new LatencyHistogram();
  readonly #firstBytes = new LatencyHistogram();
  readonly #failures = new Map<string, number>();

  /** @param now milliseconds, on any scale */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Follows a read to its end; `read` says when the first of its bytes came. */
  async measure<T>(read: (firstByteCame: () => void) => Promise<T>): Promise<T> {
    const startedAt = this.#now();
    let isFirst = true;
    try {
      return await read(() => {
        if (isFirst) this.#firstBytes.record(this.#now() - startedAt);
        isFirst = false;
      });
    } catch (error) {
      const code = codeOf(error) ?? 'cancelled';
      this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
      throw error;
    } finally {
      this.#waits.record(this.#now() - startedAt);
    }
  }

  figures(): ReadTimes {
    return {
      waits: this.#waits.snapshot(),
      firstBytes: this.#firstBytes.snapshot(),
      failures: [...this.#failures].map(([code, count]) => ({ code, count })),
    };
  }
}

/** Since the start. */
export interface ReadTimes {
  /** From arrival to answer, whatever it was. */
  readonly waits: LatencySnapshot;
  /** From arrival to the first byte that came for the read. */
  readonly firstBytes: LatencySnapshot;
  /** By the code of ReadError or EngineError; `cancelled` when whoever asked had gone. */
  readonly failures: readonly { readonly code: string; readonly count: number }[];
}
