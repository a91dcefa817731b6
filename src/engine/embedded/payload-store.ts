import { constants, fstatSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../../util/error-facts.ts';
import { type FileState, stateFrom } from '../file-state.ts';
import { pieceSize, spansOf } from '../payload-layout.ts';
import type { TorrentDetails, TorrentFile } from '../torrent.ts';
import { type DataExtent, type DataExtents, hasData } from './data-extents.ts';
import { OpenFiles } from './open-files.ts';
import { payloadPaths } from './payload-paths.ts';
import { WrittenStates } from './written-states.ts';

/**
 * The payload of one torrent on disk: sparse files of their final size, 0600, made when the first piece of theirs arrives.
 * Padding has no file and reads as zeros. Nothing here knows which bytes are right: {@link HeldPieces} does.
 */
export class PayloadStore {
  readonly #details: TorrentDetails;
  /** Absolute, by file index. */
  readonly #paths: readonly (string | undefined)[];
  /** Opened without making them: what is not there is not to be read. */
  readonly #forReading = new OpenFiles();
  readonly #forWriting: OpenFiles;
  readonly #states: WrittenStates;
  /** Files that were given their final size, by index. */
  readonly #sized = new Set<number>();

  /**
   * @param onOthers somebody else has written to the files, or put others in their place, as far as our writes can tell; called
   * before a file is made where one is gone, and before {@link lookAt} resolves
   */
  constructor(folder: string, details: TorrentDetails, onOthers: () => void = () => {}) {
    this.#details = details;
    this.#paths = payloadPaths(details.files).map(path => (path === undefined ? undefined : join(folder, path)));
    const onReplaced = (path: string) => this.#states.replaced(this.#paths.indexOf(path));
    this.#forWriting = new OpenFiles({ open: openForWriting, onReplaced });
    this.#states = new WrittenStates(fileIndex => {
      onOthers();
      this.#sized.delete(fileIndex);
      this.#forWriting.closeAll(); // what is at the paths now is written, not what somebody has moved away
    });
  }

  /** Makes the empty files, which no piece brings. */
  async makeEmptyFiles(): Promise<void> {
    for (const file of this.#details.files) {
      const path = this.#paths[file.index];
      if (file.length > 0 || path === undefined) continue;
      await this.#forWriting.with(path, handle => this.#makeRoom(handle, file, 0));
    }
  }

  async writePiece(piece: number, bytes: Uint8Array): Promise<void> {
    const start = piece * this.#details.pieceLength;
    for (const span of spansOf(this.#details, start, start + bytes.length)) {
      const path = this.#paths[span.file.index];
      if (path === undefined) continue;
      const part = bytes.subarray(span.rangeOffset, span.rangeOffset + span.length);
      const write = () =>
        this.#forWriting.with(path, async handle => {
          await this.#makeRoom(handle, span.file, part.length);
          await writeAll(handle, part, span.fileOffset);
        });
      await this.#states.during(span.file.index, path, write);
    }
  }

  /** The files that have bytes of the piece. */
  filesOf(piece: number): TorrentFile[] {
    const start = piece * this.#details.pieceLength;
    return spansOf(this.#details, start, start + pieceSize(this.#details, piece)).map(span => span.file);
  }

  /** As our last write left the file, or the last survey found it; undefined when somebody else has written to it since. */
  stateOf(fileIndex: number): FileState | undefined {
    return this.#states.stateOf(fileIndex);
  }

  /** Looks whether somebody else has written to the file since our last write. Rejects with the system's error. */
  async lookAt(fileIndex: number): Promise<void> {
    const path = this.#paths[fileIndex];
    if (path !== undefined) await this.#states.lookAt(fileIndex, path);
  }

  /**
   * Fills `into` with the torrent's bytes from `start` on.
   *
   * @returns false when a file is too short; rejects with the system's error when it is missing
   */
  async read(into: Uint8Array, start: number): Promise<boolean> {
    for (const span of spansOf(this.#details, start, start + into.length)) {
      const part = into.subarray(span.rangeOffset, span.rangeOffset + span.length);
      if (!(await this.#readSpan(span.file, part, span.fileOffset))) return false;
    }
    return true;
  }

  /** Finds out what is on disk, to be asked for pieces; undefined when nothing is. */
  async survey(extents: DataExtents): Promise<PayloadSurvey | undefined> {
    const dataOfFiles = new Map<number, readonly DataExtent[]>();
    for (const file of this.#details.files) {
      const path = this.#paths[file.index];
      if (path === undefined || file.length === 0) continue;
      const found = await dataIn(path, extents);
      if (found === undefined || found.data.length === 0) continue;
      dataOfFiles.set(file.index, found.data);
      this.#states.found(file.index, found.state);
      if (found.size === file.length) this.#sized.add(file.index);
    }
    return dataOfFiles.size === 0 ? undefined : new PayloadSurvey(this.#details, dataOfFiles);
  }

  /** Whoever reads opens what is there by then. What is being written stays open: that tells when another takes its place. */
  closeForReading(): void {
    this.#forReading.closeAll();
  }

  /** Closes the files; whoever needs one again opens what is there by then. */
  close(): void {
    this.#forReading.closeAll();
    this.#forWriting.closeAll();
  }

  /**
   * The size is final from the start: whoever looks at the file must see the one that the torrent says. A file that is written
   * whole gets it by that. A small file costs what its system calls cost, each a turn of the thread pool, so there are no others.
   */
  async #makeRoom(handle: FileHandle, { index, length, path }: TorrentFile, writtenNow: number): Promise<void> {
    const stats = fstatSync(handle.fd); // at once: the inode of an open file is in memory
    if (!stats.isFile()) throw new Error(`what is in the place of ${path.join('/')} is no regular file`);
    const { size } = stats;
    if (size === length || (size < length && writtenNow === length)) return;
    if (this.#sized.has(index)) this.#states.replaced(index); // somebody cut it: what lay behind will be zeros
    await handle.truncate(length);
    this.#sized.add(index);
  }

  async #readSpan(file: TorrentFile, into: Uint8Array, fileOffset: number): Promise<boolean> {
    const path = this.#paths[file.index];
    if (path === undefined) {
      into.fill(0);
      return true;
    }
    return this.#forReading.with(path, async handle => {
      const { bytesRead } = await handle.read(into, 0, into.length, fileOffset);
      return bytesRead === into.length;
    });
  }
}

/** Which pieces may be on disk, without having read them. */
export class PayloadSurvey {
  readonly #details: TorrentDetails;
  readonly #dataOfFiles: ReadonlyMap<number, readonly DataExtent[]>;

  constructor(details: TorrentDetails, dataOfFiles: ReadonlyMap<number, readonly DataExtent[]>) {
    this.#details = details;
    this.#dataOfFiles = dataOfFiles;
  }

  /** False where every byte of the piece is a hole, or missing. */
  hasDataOf(piece: number): boolean {
    const start = piece * this.#details.pieceLength;
    return spansOf(this.#details, start, start + pieceSize(this.#details, piece)).some(span =>
      hasData(this.#dataOfFiles.get(span.file.index) ?? [], span.fileOffset, span.fileOffset + span.length),
    );
  }
}

async function openForWriting(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, flags, 0o600);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

async function dataIn(
  path: string,
  extents: DataExtents,
): Promise<{ readonly data: readonly DataExtent[]; readonly state: FileState; readonly size: number } | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined; // not there, or not readable: nothing to verify
  }
  try {
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) return undefined;
    const size = Number(stats.size);
    const data = stats.blocks === 0n ? [] : extents.of(file.fd, size);
    return { data, state: stateFrom(stats), size };
  } finally {
    await file.close();
  }
}
