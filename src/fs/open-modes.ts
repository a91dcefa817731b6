import type { FileState } from '../engine/index.ts';
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
  /** Undefined when there is no such file. */
  stateNow(path: string): FileState | undefined;
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
   * Where the file lies that is open for passthrough, if it is still what it was when that began: then it is verified, and a
   * further open need ask nobody.
   */
  unchangedPath(node: NodeId): string | undefined {
    const backing = this.#open.get(node)?.backing;
    if (backing?.state === undefined) return undefined;
    return backing.state === this.#options.stateNow(backing.path) ? backing.path : undefined;
  }

  /**
   * Chooses the mode of one more open, which {@link release} ends.
   *
   * @param verifiedPath where the whole file lies on this machine, every piece verified; undefined when it does not, or nobody
   *   could tell
   * @returns undefined when the file is open for passthrough and no longer what it was: no mode would be right
   */
  acquire(node: NodeId, verifiedPath: string | undefined): OpenMode | undefined {
    const open = this.#open.get(node) ?? { count: 0, backing: undefined };
    if (open.count === 0 && verifiedPath !== undefined) open.backing = this.#openBacking(verifiedPath);
    const mode = this.#modeOf(open, verifiedPath ?? this.unchangedPath(node));
    if (mode === undefined) return undefined;
    open.count += 1;
    this.#open.set(node, open);
    return mode;
  }

  release(node: NodeId): void {
    const open = this.#open.get(node);
    if (open === undefined) return;
    open.count -= 1;
    if (open.count > 0) return;
    this.#open.delete(node);
    if (open.backing !== undefined) this.#options.closeBacking(open.backing.id);
  }

  #modeOf({ backing }: OpenFile, verifiedPath: string | undefined): OpenMode | undefined {
    if (backing === undefined) return { kind: verifiedPath === undefined ? 'direct' : 'cached' };
    return verifiedPath === undefined ? undefined : { kind: 'passthrough', backingId: backing.id };
  }

  #openBacking(path: string): Backing | undefined {
    const state = this.#options.stateNow(path);
    const id = this.#options.openBacking(path);
    return id === undefined ? undefined : { id, path, state };
  }
}

interface OpenFile {
  count: number;
  /** While it is open for passthrough. */
  backing: Backing | undefined;
}

interface Backing {
  readonly id: number;
  readonly path: string;
  /** Of the file when it was handed to the kernel. */
  readonly state: FileState | undefined;
}
