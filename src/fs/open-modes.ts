import type { FileState } from '../engine/index.ts';
import type { NodeId } from '../fuse/filesystem.ts';
import type { VerifiedFile } from '../read/reader.ts';

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
  openBacking(fd: number): number | undefined;
  closeBacking(backingId: number): void;
  /** Undefined when there is no such file. */
  stateNow(path: string): FileState | undefined;
}

export interface Verified {
  readonly file: VerifiedFile;
  /** It, open in that state; undefined where it is not to be handed to the kernel. */
  readonly fd: number | undefined;
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

  /** Whether the next open may begin passthrough. */
  mayBegin(node: NodeId): boolean {
    return !this.#open.has(node);
  }

  /**
   * The file that is open for passthrough, if it is still what it was when that began: then it is verified, and a further open need
   * ask nobody. Undefined, too, where a look at it might hang.
   */
  unchanged(node: NodeId): Verified | undefined {
    const file = this.#open.get(node)?.backing?.file;
    if (file === undefined || file.mayHang) return undefined;
    return file.state === this.#options.stateNow(file.path) ? { file, fd: undefined } : undefined;
  }

  /**
   * Chooses the mode of one more open, which {@link release} ends.
   *
   * @param verified the whole file on this machine, every piece verified; undefined when it is not, or nobody could tell
   * @returns undefined when the file is open for passthrough and no longer what it was: no mode would be right
   */
  acquire(node: NodeId, verified: Verified | undefined): OpenMode | undefined {
    const open = this.#open.get(node) ?? { count: 0, backing: undefined };
    if (open.count === 0 && verified !== undefined) open.backing = this.#openBacking(verified);
    const mode = this.#modeOf(open, verified ?? this.unchanged(node));
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

  #modeOf({ backing }: OpenFile, verified: Verified | undefined): OpenMode | undefined {
    if (backing === undefined) return { kind: verified === undefined ? 'direct' : 'cached' };
    return verified === undefined ? undefined : { kind: 'passthrough', backingId: backing.id };
  }

  #openBacking({ file, fd }: Verified): Backing | undefined {
    const id = fd === undefined ? undefined : this.#options.openBacking(fd);
    return id === undefined ? undefined : { id, file };
  }
}

interface OpenFile {
  count: number;
  /** While it is open for passthrough. */
  backing: Backing | undefined;
}

interface Backing {
  readonly id: number;
  /** As it was handed to the kernel. */
  readonly file: VerifiedFile;
}
