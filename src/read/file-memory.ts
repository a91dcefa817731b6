import type { CacheWriter } from '../cache/cache-writer.ts';
import type { Clock } from '../util/clock.ts';
import type { AssemblyHome, AssemblyPool } from './assembly-pool.ts';
import { BlockAssembly, type BlockWaiter } from './block-assembly.ts';
import type { ByteRange } from './byte-ranges.ts';
import type { FileLayout } from './file-layout.ts';

export interface FileMemoryParts {
  readonly layout: FileLayout;
  /** Of the file's keys in the cache; 0 when it has none. */
  readonly base: number;
  readonly cache: CacheWriter;
  readonly pool: AssemblyPool;
  readonly clock: Clock;
  /** Whether something is about to bring bytes of `[from, to)`. */
  readonly isFetching: (from: number, to: number) => boolean;
}

/**
 * The bytes of one file that are in memory: its blocks in the shared cache, and those under assembly with whoever waits for
 * them. Waiters and fetches know nothing of each other: bytes are delivered here by whoever has them, and taken by whoever
 * waits; a waiter that leaves disturbs no other.
 */
export class FileMemory implements AssemblyHome {
  readonly #parts: FileMemoryParts;
  readonly #assemblies: Map<number, BlockAssembly> = new Map();

  constructor(parts: FileMemoryParts) {
    this.#parts = parts;
  }

  /** The first byte of `[from, to)` that is not in memory; `to` when all are. */
  firstMissing(from: number, to: number): number {
    for (const part of this.#parts.layout.byBlock(from, to)) {
      if (this.#isCached(part.block)) continue;
      const assembly = this.#assemblies.get(part.block);
      const missing = assembly === undefined ? part.from : assembly.firstMissing(part.from, part.to);
      if (missing < part.to) return missing;
    }
    return to;
  }

  /** The parts of `[from, to)` that are not in memory, in order, those that touch as one. */
  *missing(from: number, to: number): Generator<ByteRange> {
    let open: ByteRange | undefined;
    for (const range of this.#missingByBlock(from, to)) {
      if (open !== undefined && open.to !== range.from) yield open;
      open = { from: open?.to === range.from ? open.from : range.from, to: range.to };
    }
    if (open !== undefined) yield open;
  }

  /** Whether some byte of the block `offset` lies in is in memory. */
  hasAnyOfBlock(offset: number): boolean {
    const block = this.#parts.layout.blockAt(offset);
    return this.#isCached(block) || (this.#assemblies.get(block)?.hasMemory ?? false);
  }

  /**
   * Copies `[from, to)`, all within one block, if it is in memory.
   *
   * @returns false when it is not
   */
  copy(from: number, to: number, target: Uint8Array, targetStart: number): boolean {
    const { layout, cache, base } = this.#parts;
    const block = layout.blockAt(from);
    const cached = base === 0 ? undefined : cache.get(base + block);
    if (cached !== undefined) {
      const start = layout.blockStart(block);
      target.set(cached.subarray(from - start, to - start), targetStart);
      return true;
    }
    const assembly = this.#assemblies.get(block);
    if (!assembly?.has(from, to)) return false;
    assembly.copy(from, to, target, targetStart);
    return true;
  }

  /** Registers a waiter for bytes that are not all in memory. */
  wait(waiter: BlockWaiter): void {
    this.#assemblyOf(this.#parts.layout.blockAt(waiter.from)).wait(waiter);
  }

  /** Takes a waiter back; whatever arrived for it stays, as far as it fits. */
  leave(waiter: BlockWaiter): void {
    const assembly = this.#assemblies.get(this.#parts.layout.blockAt(waiter.from));
    if (!assembly?.waiters.delete(waiter)) return;
    this.#dropIfIdle(assembly);
  }

  *waiters(): Generator<BlockWaiter> {
    for (const assembly of this.#assemblies.values()) yield* assembly.waiters;
  }

  /**
   * What is missing for those who wait, up to the end of its block or piece; in the order in which its blocks were first waited
   * for. A list, and nothing made for each of them beside it: hundreds may wait, and it is asked for whenever one of them comes.
   */
  awaited(): ByteRange[] {
    const { layout } = this.#parts;
    const awaited: ByteRange[] = [];
    for (const assembly of this.#assemblies.values()) {
      for (const { from, to } of assembly.waiters) {
        const end = layout.roundUp(to);
        if (!assembly.hasMemory) awaited.push({ from, to: end });
        else for (const range of assembly.missing(from, end)) if (range.from < to) awaited.push(range);
      }
    }
    return awaited;
  }

  /** Resolves when {@link deliver} may be called with bytes from `offset` on, or the signal fires. */
  async room(offset: number, signal: AbortSignal): Promise<void> {
    const { layout, pool } = this.#parts;
    if (this.#assemblies.get(layout.blockAt(offset))?.hasMemory || pool.hasRoom()) return;
    await pool.room(signal);
  }

  /** Takes bytes in, and wakes whoever waited for them. */
  deliver(offset: number, bytes: Uint8Array): void {
    for (const part of this.#parts.layout.byBlock(offset, offset + bytes.length)) {
      if (this.#isCached(part.block) && !this.#assemblies.has(part.block)) continue;
      const piece = bytes.subarray(part.from - offset, part.to - offset);
      if (!this.#putWhole(part.block, piece)) this.#assemble(part.block, part.from, piece);
    }
  }

  /** Fails every waiter that misses a byte of `[from, to)`. */
  fail(from: number, to: number, error: unknown): void {
    const failed = [...this.waiters()].filter(waiter => {
      const missing = this.firstMissing(Math.max(from, waiter.from), Math.min(to, waiter.to));
      return missing < Math.min(to, waiter.to);
    });
    for (const waiter of failed) {
      this.leave(waiter);
      waiter.failed(error);
    }
  }

  /** Drops what is under assembly. Nobody waits any more. */
  clear(): void {
    for (const assembly of this.#assemblies.values()) this.#parts.pool.release(assembly);
    this.#assemblies.clear();
  }

  isFetching(assembly: BlockAssembly): boolean {
    return this.#parts.isFetching(assembly.start, assembly.end);
  }

  emptied(assembly: BlockAssembly): void {
    this.#dropIfIdle(assembly);
  }

  *#missingByBlock(from: number, to: number): Generator<ByteRange> {
    for (const part of this.#parts.layout.byBlock(from, to)) {
      if (this.#isCached(part.block)) continue;
      const assembly = this.#assemblies.get(part.block);
      if (assembly === undefined) yield { from: part.from, to: part.to };
      else yield* assembly.missing(part.from, part.to);
    }
  }

  #isCached(block: number): boolean {
    const { cache, base } = this.#parts;
    return base !== 0 && cache.has(base + block);
  }

  /** A whole block that nobody has begun to assemble needs no assembly. */
  #putWhole(block: number, bytes: Uint8Array): boolean {
    const { layout, cache, base } = this.#parts;
    if (bytes.length < layout.blockEnd(block) - layout.blockStart(block)) return false;
    if (this.#assemblies.has(block)) return false;
    // Where the cache refuses it, it is lost: nobody waits for it.
    if (base !== 0) cache.put(base + block, bytes, true);
    return true;
  }

  #assemble(block: number, offset: number, bytes: Uint8Array): void {
    const { pool, clock } = this.#parts;
    const assembly = this.#assemblyOf(block);
    pool.touch(assembly, this);
    assembly.fill(offset, bytes, clock.now());
    if (assembly.isWhole) this.#finish(assembly);
  }

  /** Nobody waits for a whole block: its waiters have just been served. */
  #finish(assembly: BlockAssembly): void {
    const { cache, base, pool } = this.#parts;
    if (base !== 0) cache.put(base + assembly.block, assembly.bytes, assembly.isAhead);
    this.#assemblies.delete(assembly.block);
    pool.release(assembly);
  }

  #assemblyOf(block: number): BlockAssembly {
    const { layout, pool } = this.#parts;
    const known = this.#assemblies.get(block);
    if (known !== undefined) return known;
    const [start, end] = [layout.blockStart(block), layout.blockEnd(block)];
    const assembly = new BlockAssembly(block, { start, end, buffers: pool.buffers });
    this.#assemblies.set(block, assembly);
    return assembly;
  }

  #dropIfIdle(assembly: BlockAssembly): void {
    if (assembly.waiters.size > 0 || assembly.hasMemory) return;
    this.#assemblies.delete(assembly.block);
  }
}
