import type { Catalog, CatalogTorrent } from '../catalog/catalog.ts';
import { parseSourceText, parseTorrentBytes, sourceTextLimit } from '../catalog/source-parser.ts';
import { asEngineError, EngineError, type TorrentSource } from '../engine/index.ts';
import { metainfoLimits } from '../engine/metainfo-limits.ts';
import { Errno } from '../fuse/abi/errno.ts';
import { OpenFlag } from '../fuse/abi/flags.ts';
import { ErrnoError } from '../fuse/filesystem.ts';
import { toErrnoError } from './errno-map.ts';
import { GrowableBytes } from './virtual-files/growable-bytes.ts';
import type { VirtualFile, VirtualHandle } from './virtual-files/virtual-node.ts';

export interface DroppedFileOptions {
  /** Undefined while it has yet to get the name under which it counts. */
  readonly name: string | undefined;
  readonly isTorrent: boolean;
  readonly catalog: Catalog;
  /** Nobody has it open any more, and it has its name. */
  onGone(): void;
}

/**
 * One file that is written to add a torrent, from its first open to its last close.
 *
 * A source as text is checked when it is written, for `echo` shows no error of close(2). A .torrent comes in many writes and is
 * checked when it is closed; a FLUSH with nothing written yet comes from a shell that sets up the redirection.
 */
export class DroppedFile implements VirtualFile {
  readonly kind = 'file';
  readonly permissions = 0o644;
  readonly #options: DroppedFileOptions;
  readonly #content: GrowableBytes;
  #name: string | undefined;
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
    this.#content = new GrowableBytes(options.isTorrent ? metainfoLimits.bytes : sourceTextLimit);
  }

  get isStaged(): boolean {
    return this.#name === undefined;
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
    this.#name = name;
    try {
      this.#flush();
    } catch (error) {
      this.#name = undefined;
      throw error;
    }
  }

  /** The name is taken away: what comes now adds nothing. */
  withdraw(): void {
    this.#isWithdrawn = true;
    this.#freeIfUnused();
  }

  #write(offset: number, data: Uint8Array): void {
    if (!this.#content.write(offset, data)) throw tooLarge;
    this.#isDirty = true;
    if (this.#options.isTorrent || this.#name === undefined) return;
    this.#source = this.#reporting(this.#name, () => this.#checkText());
  }

  #flush(): void {
    const name = this.#name;
    if (name === undefined || !this.#isDirty || this.#isAdded || this.#isWithdrawn || this.size === 0) return;
    this.#reporting(name, () => {
      const { catalog, isTorrent } = this.#options;
      const source = isTorrent
        ? parseTorrentBytes(this.#content.bytes.slice(), name)
        : (this.#source ?? this.#checkText());
      this.#isDirty = false;
      catalog.add(source, { peers: [], origin: name });
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
    this.#freeIfUnused();
    if (this.isOpen || this.isStaged) return;
    try {
      this.#flush();
    } catch {
      // Nobody is left to hear of it; it stands in the errors.
    }
    this.#options.onGone();
  }

  /** The kernel may remember the node for as long as it has memory to spare. */
  #freeIfUnused(): void {
    if (this.#isWithdrawn && !this.isOpen) this.#content.resize(0);
  }

  /** What fails is told to the writer, and stands in the errors, once. */
  #reporting<T>(name: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const error = asEngineError(cause);
      if (this.#reported !== error.message) {
        this.#options.catalog.report({ name, source: this.#describe(), error });
      }
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

const tooLarge = new ErrnoError(Errno.EFBIG, 'too large for a torrent');
