import type { Catalog } from '../catalog/catalog.ts';
import { Errno } from '../fuse/abi/errno.ts';
import { ErrnoError } from '../fuse/filesystem.ts';
import { DroppedFile } from './dropped-file.ts';
import type { VirtualFile } from './virtual-files/virtual-node.ts';

export interface DroppedFilesOptions {
  readonly catalog: Catalog;
  /** The names that lead to dropped files, whenever they have changed. */
  onNames(names: readonly string[]): void;
  /** A name leads nowhere any more: without being told, the kernel would remember what it led to. */
  onNameGone(name: string): void;
}

/**
 * Files that are written into the root to add a torrent: `*.torrent`, and `*.magnet` or `*.txt` with a magnet link, a URL or an
 * info hash. They are there while they are open, and vanish when they are closed.
 *
 * rsync writes to a name of its own first, `.x.torrent.AbCdEf`, and renames that when all is there. Such a file stays when it is
 * closed, and is looked at when it gets its name. A few that never do are kept, for they lie in memory.
 */
export class DroppedFiles {
  readonly #options: DroppedFilesOptions;
  readonly #files = new Map<string, DroppedFile>();

  constructor(options: DroppedFilesOptions) {
    this.#options = options;
  }

  get(name: string): VirtualFile | undefined {
    return this.#files.get(name);
  }

  /** @throws ErrnoError EROFS for names of any other kind */
  create(name: string): DroppedFile {
    const isStaged = kindOf(name) === undefined;
    const kind = kindOf(isStaged ? finalNameOf(name) : name);
    if (kind === undefined) throw otherFile;
    if (isStaged) this.#makeRoomForStaged();
    const onGone = (): void => {
      this.remove(name, file);
    };
    const file: DroppedFile = new DroppedFile({
      name: isStaged ? undefined : name,
      isTorrent: kind === 'torrent',
      catalog: this.#options.catalog,
      onGone,
    });
    this.#files.set(name, file);
    this.#options.onNames([...this.#files.keys()]);
    return file;
  }

  /**
   * Gives a file that rsync wrote its name, which adds what it says.
   *
   * @returns false when there is no such file
   * @throws ErrnoError when the new name is for no source, or what is written there is none; then nothing has changed
   */
  rename(name: string, newName: string): boolean {
    const file = this.#files.get(name);
    if (file === undefined) return false;
    if (!file.isStaged || kindOf(newName) !== kindOf(finalNameOf(name))) throw otherFile;
    file.settle(newName);
    return this.remove(name);
  }

  #makeRoomForStaged(): void {
    const staged = [...this.#files].filter(([, file]) => file.isStaged && !file.isOpen);
    for (const [name] of staged.slice(0, Math.max(0, staged.length - STAGED_MAX + 1))) this.remove(name);
  }

  /** Takes the name away; what was accepted of it stays added. @returns false when there is no such file */
  remove(name: string, file = this.#files.get(name)): boolean {
    if (file === undefined || this.#files.get(name) !== file) return false;
    this.#files.delete(name);
    file.withdraw();
    this.#options.onNames([...this.#files.keys()]);
    this.#options.onNameGone(name);
    return true;
  }
}

/** More than one rsync has at once. */
const STAGED_MAX = 4;

function kindOf(name: string): string | undefined {
  return /\.(torrent|magnet|txt)$/i.exec(name)?.[1]?.toLowerCase();
}

/** As rsync makes it (`get_tmpname` of its receiver.c): a dot, the name, a dot and six letters or digits. */
function finalNameOf(name: string): string {
  return /^\.(.+)\.[A-Za-z0-9]{6}$/.exec(name)?.[1] ?? '';
}

const otherFile = new ErrnoError(
  Errno.EROFS,
  'only *.torrent files, and *.magnet or *.txt files with a magnet link, a URL or an info hash, may be written here',
);
