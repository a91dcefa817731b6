import type { Catalog, CatalogTorrent } from '../catalog/catalog.ts';
import { parseSourceText, parseTorrentBytes, sourceTextLimit } from '../catalog/source-parser.ts';
import { asEngineError, EngineError, type TorrentSource } from '../engine/index.ts';
import { metainfoLimits } from '../engine/metainfo.ts';
import { Errno } from '../fuse/abi/errno.ts';
import { OpenFlag } from '../fuse/abi/flags.ts';
import { ErrnoError } from '../fuse/filesystem.ts';
import { toErrnoError } from './errno-map.ts';
import { GrowableBytes } from './virtual-files/growable-bytes.ts';
import type { VirtualFile, VirtualHandle } from './virtual-files/virtual-node.ts';

export interface DroppedFilesOptions {
  readonly catalog: Catalog;
  /** The names that lead to dropped files, whenever they have changed. */
  onNames(names: readonly string[]): void;
}

/**
 * Files that are written into the root to add a torrent: `*.torrent`, and `*.magnet` or `*.txt` with a magnet link, a URL or an
 * info hash. They are there while they are open, and vanish when they are closed.
 *
 * A source as text is checked when it is written, for `echo` shows no error of close(2). A .torrent comes in many writes and is
 * checked when it is closed; a FLUSH with nothing written yet comes from a shell that sets up the redirection.
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
      name,
      isTorrent: kind === 'torrent',
      isStaged,
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

interface DroppedFileOptions {
  readonly name: string;
  readonly isTorrent: boolean;
  /** It has yet to get the name under which it counts. */
  readonly isStaged: boolean;
  readonly catalog: Catalog;
  onGone(): void;
}

export class DroppedFile implements VirtualFile {
  readonly kind = 'file';
  readonly permissions = 0o644;
  readonly #options: DroppedFileOptions;
  readonly #content: GrowableBytes;
  #name: string;
  #isStaged: boolean;
  #openHandles = 0;
  #isWithdrawn = false;
  /** Something was written since the source was last looked at. */
  #isDirty = false;
  #isAdded = false;
  #source: TorrentSource | undefined;
  #reported: string | undefined;

  constructor(options: DroppedFileOptions) {
    this.#options = options;
    this.#name = options.name;
    this.#isStaged = options.isStaged;
    this.#content = new GrowableBytes(options.isTorrent ? metainfoLimits.bytes : sourceTextLimit);
  }

  get isStaged(): boolean {
    return this.#isStaged;
  }

  get isOpen(): boolean {
    return this.#openHandles > 0;
  }

  get size(): number {
    return this.#content.length;
  }

  open(flags: number): VirtualHandle {
    if ((flags & OpenFlag.TRUNC) !== 0) this.truncate(0);
    this.#openHandles += 1;
    return {
      read: (offset, size) => this.#content.bytes.slice(offset, offset + size),
      write: (offset, data) => this.#write(offset, data),
      flush: () => this.#flush(),
      release: () => this.#release(),
    };
  }

  truncate(size: number): void {
    if (!this.#content.resize(size)) throw tooLarge;
    this.#isDirty = size > 0;
    this.#source = undefined;
  }

  /** It has got the name under which it counts. @throws ErrnoError when it is no source; then it has not got it */
  settle(name: string): void {
    const before = this.#name;
    this.#name = name;
    this.#isStaged = false;
    try {
      this.#flush();
    } catch (error) {
      this.#name = before;
      this.#isStaged = true;
      throw error;
    }
  }

  /** The name is taken away: what comes now adds nothing. */
  withdraw(): void {
    this.#isWithdrawn = true;
  }

  #write(offset: number, data: Uint8Array): void {
    if (!this.#content.write(offset, data)) throw tooLarge;
    this.#isDirty = true;
    if (!this.#options.isTorrent && !this.#isStaged) this.#source = this.#reporting(() => this.#checkText());
  }

  #flush(): void {
    if (this.#isStaged || !this.#isDirty || this.#isAdded || this.#isWithdrawn || this.#content.length === 0) return;
    this.#reporting(() => {
      const { catalog, isTorrent } = this.#options;
      const source = isTorrent
        ? parseTorrentBytes(this.#content.bytes.slice(), this.#name)
        : (this.#source ?? this.#checkText());
      this.#isDirty = false;
      catalog.add(source, { peers: [], origin: this.#name });
      this.#isAdded = true;
    });
  }

  #checkText(): TorrentSource {
    const source = parseSourceText(Buffer.from(this.#content.bytes).toString());
    const known = source.kind === 'url' || this.#isAdded ? undefined : this.#options.catalog.get(source.infoHash);
    if (known !== undefined) throw duplicate(known);
    return source;
  }

  #release(): void {
    this.#openHandles -= 1;
    if (this.#openHandles > 0 || this.#isStaged) return;
    try {
      this.#flush();
    } catch {
      // Nobody is left to hear of it; it stands in the errors.
    }
    this.#options.onGone();
  }

  /** What fails is told to the writer, and stands in the errors, once. */
  #reporting<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const error = asEngineError(cause);
      if (this.#reported !== error.message)
        this.#options.catalog.report({ name: this.#name, source: this.#describe(), error });
      this.#reported = error.message;
      throw toErrnoError(error);
    }
  }

  #describe(): string {
    if (this.#options.isTorrent) return `${this.#content.length} bytes`;
    return Buffer.from(this.#content.bytes).toString().trim().slice(0, 200);
  }
}

function duplicate({ infoHash, renamedTo, name }: CatalogTorrent): EngineError {
  return new EngineError('duplicate', `torrent ${infoHash} is here already, as "${renamedTo ?? name}"`);
}

const otherFile = new ErrnoError(
  Errno.EROFS,
  'only *.torrent files, and *.magnet or *.txt files with a magnet link, a URL or an info hash, may be written here',
);
const tooLarge = new ErrnoError(Errno.EFBIG, 'too large for a torrent');
