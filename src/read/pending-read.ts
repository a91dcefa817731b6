import type { BlockAssembly, BlockWaiter } from './block-assembly.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { FileLayout } from './file-layout.ts';
import type { FileMemory } from './file-memory.ts';
import type { ReplyMemory } from './reply-memory.ts';

export interface PendingReadParts {
  /** The request, as the kernel numbers it; for the log. */
  readonly id: number | undefined;
  readonly layout: FileLayout;
  readonly memory: FileMemory;
  readonly replies: ReplyMemory;
  /** Bounds the memory of answers that are complete only in part. */
  readonly budget: ByteBudget;
  /** Bytes are missing: have them fetched. */
  readonly fetch: () => void;
  /** Some of the bytes arrived. */
  readonly onProgress: () => void;
}

/**
 * One read of `[from, to)` that waits for bytes. Where the budget allows, it copies each part when it arrives; else it takes all
 * of them in the end, and waits anew for those that were evicted meanwhile. So nothing that another read needs is held.
 */
export class PendingRead {
  readonly from: number;
  readonly to: number;
  readonly result: Promise<Uint8Array>;
  readonly #parts: PendingReadParts;
  readonly #waiting: Set<BlockWaiter> = new Set();
  /** Blocks that were copied already. */
  readonly #kept: Set<number> = new Set();
  #reply: Uint8Array | undefined;
  #isSettled = false;
  #resolve: (bytes: Uint8Array) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(from: number, to: number, parts: PendingReadParts) {
    this.from = from;
    this.to = to;
    this.#parts = parts;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#collect();
  }

  /** Gives up. Does nothing to a read that is settled. */
  fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#settle();
    for (const waiter of this.#waiting) this.#parts.memory.leave(waiter);
    this.#waiting.clear();
    this.#reject(error);
    this.#parts.fetch();
  }

  /** Copies what is in memory, and waits for the rest. */
  #collect(): void {
    const { layout, memory } = this.#parts;
    const rest = [...layout.byBlock(this.from, this.to)].filter(({ block }) => !this.#kept.has(block));
    const missing = rest.filter(({ from, to }) => memory.firstMissing(from, to) < to);
    if (missing.length === 0) {
      this.#finish();
      return;
    }
    if (missing.length < rest.length) this.#keepWhatIsThere();
    for (const { from, to } of missing) this.#waitFor(from, to);
    this.#parts.fetch();
  }

  #waitFor(from: number, to: number): void {
    const waiter: BlockWaiter = {
      from,
      to,
      read: this.#parts.id,
      progressed: this.#parts.onProgress,
      arrived: assembly => this.#arrived(waiter, assembly),
      failed: error => {
        this.#waiting.delete(waiter);
        this.fail(error);
      },
    };
    this.#waiting.add(waiter);
    this.#parts.memory.wait(waiter);
  }

  #arrived(waiter: BlockWaiter, assembly: BlockAssembly): void {
    this.#waiting.delete(waiter);
    if (this.#waiting.size === 0) {
      this.#collect();
      return;
    }
    const reply = this.#reserveReply();
    if (reply === undefined) return;
    assembly.copy(waiter.from, waiter.to, reply, waiter.from - this.from);
    this.#kept.add(assembly.block);
  }

  #keepWhatIsThere(): void {
    const reply = this.#reserveReply();
    if (reply !== undefined) this.#copyInto(reply);
  }

  /** All is in memory, or was copied before. */
  #finish(): void {
    const reply = this.#reply ?? this.#parts.replies.take(this.to - this.from);
    this.#copyInto(reply);
    this.#settle();
    this.#resolve(reply);
  }

  #copyInto(reply: Uint8Array): void {
    for (const { block, from, to } of this.#parts.layout.byBlock(this.from, this.to)) {
      if (this.#kept.has(block)) continue;
      if (this.#parts.memory.copy(from, to, reply, from - this.from)) this.#kept.add(block);
    }
  }

  #reserveReply(): Uint8Array | undefined {
    const length = this.to - this.from;
    if (this.#reply === undefined && this.#parts.budget.tryAcquire(length)) {
      this.#reply = this.#parts.replies.take(length);
    }
    return this.#reply;
  }

  #settle(): void {
    this.#isSettled = true;
    if (this.#reply !== undefined) this.#parts.budget.release(this.to - this.from);
    this.#reply = undefined;
  }
}
