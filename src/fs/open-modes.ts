import type { NodeId } from '../fuse/filesystem.ts';

/**
 * How the kernel reads a file that is open.
 *
 * - `direct`: each read(2) is one request to us; nothing is cached by the kernel.
 * - `cached`: through the page cache, whose pages stay valid from one open to the next.
 * - `passthrough`: from the backing file, without asking us.
 */
export type OpenMode =
  | { readonly kind: 'direct' }
  | { readonly kind: 'cached' }
  | { readonly kind: 'passthrough'; readonly backingId: number };

export interface OpenModesOptions {
  /** Registers the file with the kernel; undefined when that is refused. */
  openBacking(path: string): number | undefined;
  closeBacking(backingId: number): void;
}

/**
 * The kernel answers an open with EIO that reads an inode in two ways at once: passthrough beside the page cache, or a direct
 * open beside passthrough (`fs/fuse/iomode.c`, 6.9). So a file that is open keeps its mode: passthrough begins only when
 * nothing else is open, and while it lasts every open joins it.
 */
export class OpenModes {
  readonly #options: OpenModesOptions;
  readonly #open = new Map<NodeId, OpenFile>();

  constructor(options: OpenModesOptions) {
    this.#options = options;
  }

  /**
   * Chooses the mode of one more open, which {@link release} ends.
   *
   * @param verifiedPath where the whole file lies on this machine, every piece verified; undefined when it does not
   * @returns undefined when the file is open for passthrough and no longer what it was: no mode would be right
   */
  acquire(node: NodeId, verifiedPath: string | undefined): OpenMode | undefined {
    const open = this.#open.get(node) ?? { count: 0, backingId: undefined };
    const mode = this.#choose(open, verifiedPath);
    if (mode === undefined) return undefined;
    open.count += 1;
    if (mode.kind === 'passthrough') open.backingId = mode.backingId;
    this.#open.set(node, open);
    return mode;
  }

  release(node: NodeId): void {
    const open = this.#open.get(node);
    if (open === undefined) return;
    open.count -= 1;
    if (open.count > 0) return;
    this.#open.delete(node);
    if (open.backingId !== undefined) this.#options.closeBacking(open.backingId);
  }

  #choose({ count, backingId }: OpenFile, verifiedPath: string | undefined): OpenMode | undefined {
    if (backingId !== undefined) return verifiedPath === undefined ? undefined : { kind: 'passthrough', backingId };
    if (verifiedPath === undefined) return { kind: 'direct' };
    const opened = count === 0 ? this.#options.openBacking(verifiedPath) : undefined;
    return opened === undefined ? { kind: 'cached' } : { kind: 'passthrough', backingId: opened };
  }
}

interface OpenFile {
  count: number;
  /** While it is open for passthrough. */
  backingId: number | undefined;
}
