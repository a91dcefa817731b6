import type { Clock } from '../util/clock.ts';
import { SpareBuffers } from '../util/spare-buffers.ts';
import type { BlockAssembly } from './block-assembly.ts';
import { ReadError } from './errors.ts';

/** Where an assembly belongs. */
export interface AssemblyHome {
  /** Whether bytes are on their way to it. */
  isFetching(assembly: BlockAssembly): boolean;
  /** It lost its bytes, and nobody waits for it. */
  emptied(assembly: BlockAssembly): void;
}

/** 64 MiB of blocks under assembly. A stream fills one at a time, so this is 256 streams that all deliver at the same moment. */
export const DEFAULT_ASSEMBLY_LIMIT = 256;

/** More are under assembly at the same time only when many streams deliver. */
const SPARE_BYTES = 2 << 20;

/** An assembly that got nothing for so long will probably get nothing for long. */
const STUCK_MS = 1_000;

/**
 * Bounds the memory of all blocks under assembly. What brings bytes waits for room before it starts another block. Room is made
 * at the cost of half-filled blocks that nobody is about to finish; then of those that are stuck, whose readers are turned away:
 * to empty them and fetch anew would only push out the next stuck one. As every other assembly is being filled, nobody waits
 * for long, and none loses its bytes while it makes progress.
 */
export class AssemblyPool {
  /** For assemblies. */
  readonly buffers = new SpareBuffers(SPARE_BYTES);
  readonly #limit: number;
  readonly #clock: Clock;
  /** In the order in which they were filled last. */
  readonly #homes: Map<BlockAssembly, AssemblyHome> = new Map();
  readonly #queue: Set<() => void> = new Set();
  #cancelTimer: (() => void) | undefined;

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Assemblies with memory. */
  get size(): number {
    return this.#homes.size;
  }

  /** Whether another assembly may have memory now. */
  hasRoom(): boolean {
    return this.#queue.size === 0 && this.#makeRoom();
  }

  /** Resolves when another assembly may have memory, or the signal fires. */
  async room(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#makeRoom()) await this.#turn(signal);
  }

  /** The assembly gets bytes. Whoever did not ask for room, since a disk brings them, makes it here. */
  touch(assembly: BlockAssembly, home: AssemblyHome): void {
    this.#homes.delete(assembly);
    this.#makeIdleRoom();
    this.#homes.set(assembly, home);
  }

  /** The assembly is done with. */
  release(assembly: BlockAssembly): void {
    this.#homes.delete(assembly);
    assembly.forget();
    this.#wakeNext();
  }

  #makeRoom(): boolean {
    while (!this.#makeIdleRoom()) {
      const [oldest] = this.#homes;
      if (oldest === undefined || this.#clock.now() - oldest[0].filledAtMs < STUCK_MS) return false;
      this.#empty(...oldest);
    }
    return true;
  }

  /** At the cost of those that nobody is about to finish. */
  #makeIdleRoom(): boolean {
    for (const [assembly, home] of this.#homes) {
      if (this.#homes.size < this.#limit) break;
      if (assembly.waiters.size === 0 && !home.isFetching(assembly)) this.#empty(assembly, home);
    }
    return this.#homes.size < this.#limit;
  }

  #empty(assembly: BlockAssembly, home: AssemblyHome): void {
    this.#homes.delete(assembly);
    assembly.forget();
    const error = new ReadError('too-many-waiters', 'too many reads wait half-served');
    for (const waiter of [...assembly.waiters]) {
      assembly.waiters.delete(waiter);
      waiter.failed(error);
    }
    home.emptied(assembly);
  }

  /** First come, first served; and a look now and then at what has become stuck. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const go = (): void => {
        this.#queue.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#queue.add(go);
      signal.addEventListener('abort', go, { once: true });
      this.#cancelTimer ??= this.#clock.after(STUCK_MS, () => {
        this.#cancelTimer = undefined;
        for (const waiting of [...this.#queue]) waiting();
      });
    });
  }

  #wakeNext(): void {
    const [next] = this.#queue;
    next?.();
    if (this.#queue.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
