import type { Clock } from '../util/clock.ts';
import type { BlockAssembly } from './block-assembly.ts';
import { ReadError } from './errors.ts';

/** Where an assembly belongs. */
export interface AssemblyHome {
  /** The assembly lost its bytes; its waiters still wait, and what is missing must be fetched again. */
  emptied(assembly: BlockAssembly): void;
}

/** 64 MiB of blocks under assembly. A stream fills one at a time, so this is 256 streams that all deliver at the same moment. */
export const DEFAULT_ASSEMBLY_LIMIT = 256;

/** An assembly that got nothing for so long will probably get nothing for long. */
const STUCK_MS = 1_000;

/**
 * Bounds the memory of all blocks under assembly. When there is no room for another, the one that got no bytes for the longest
 * time is emptied. If it is stuck half-filled its waiters are turned away, since fetching its bytes anew would only push out the
 * next stuck one; if it is merely slower than all the others they are fetched again.
 */
export class AssemblyPool {
  readonly limit: number;
  readonly #clock: Clock;
  /** In the order in which they were filled last. */
  readonly #homes: Map<BlockAssembly, AssemblyHome> = new Map();

  constructor(limit: number, clock: Clock) {
    this.limit = limit;
    this.#clock = clock;
  }

  /** Assemblies with memory. */
  get size(): number {
    return this.#homes.size;
  }

  /** Before bytes are put into the assembly. */
  touch(assembly: BlockAssembly, home: AssemblyHome): void {
    this.#homes.delete(assembly);
    if (this.#homes.size >= this.limit) this.#emptyOldest();
    this.#homes.set(assembly, home);
  }

  /** The assembly is done with. */
  release(assembly: BlockAssembly): void {
    this.#homes.delete(assembly);
  }

  #emptyOldest(): void {
    const [oldest] = this.#homes;
    if (oldest === undefined) return;
    const [assembly, home] = oldest;
    this.#homes.delete(assembly);
    assembly.forget();
    if (this.#clock.now() - assembly.filledAtMs >= STUCK_MS) refuse(assembly);
    home.emptied(assembly);
  }
}

function refuse(assembly: BlockAssembly): void {
  const error = new ReadError('too-many-waiters', 'too many reads wait half-served');
  for (const waiter of [...assembly.waiters]) {
    assembly.waiters.delete(waiter);
    waiter.failed(error);
  }
}
