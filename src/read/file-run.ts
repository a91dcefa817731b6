import type { TorrentDetails, TorrentFile, TorrentRange } from '../engine/index.ts';

/** An opening within so many files after the last one goes on with the run: readers skip, sort by other rules, or work side by side. */
const NEAR_FILES = 16;

/** Looked through for the files of the same directory: torrents that interleave directories exist. */
const SEARCHED_FILES = 1024;

/** Found in one search. */
const FOUND_FILES = 256;

/** So many must have been read to their end before it is believed that the next will be. */
const PROVEN_FILES = 2;

const FIRST_WINDOW_BYTES = 1 << 20;

/**
 * A reader that goes through the files of a torrent one after another, as `cp -r` and `tar` do. Between two files it asks for
 * nothing, so what comes next is fetched on the strength of what it did so far.
 */
export class FileRun {
  readonly #details: TorrentDetails;
  #fileIndex: number;
  /** Bytes of that file that are still to be read. */
  #rest: number;
  /** Files that were read to their end since the run began, and their bytes. */
  #readFiles = 0;
  #readBytes = 0;
  #ahead: Ahead = { window: 0, ranges: [] };
  /** The files that follow the one that was opened last, as far as anybody looked. */
  #following: readonly TorrentFile[] = [];
  #followsMore = true;
  /** Bytes that the run has come on since that was made. */
  #advancedBytes = 0;

  /** @param before the run that its reader may have come from: whoever read one directory needs to prove little in the next */
  constructor(details: TorrentDetails, fileIndex: number, before: FileRun | undefined) {
    this.#details = details;
    this.#fileIndex = fileIndex;
    this.#rest = details.files[fileIndex]?.length ?? 0;
    if (before?.hasProven) this.#readFiles = PROVEN_FILES - 1;
  }

  get hasProven(): boolean {
    return this.#readFiles >= PROVEN_FILES;
  }

  /** The file that was opened last. */
  get fileIndex(): number {
    return this.#fileIndex;
  }

  /** @returns whether the file is one that the run could come to now; then it has */
  opened(fileIndex: number): boolean {
    if (fileIndex === this.#fileIndex) return true;
    const near = this.#find(NEAR_FILES).slice(0, NEAR_FILES);
    const place = near.findIndex(({ index }) => index === fileIndex);
    if (place < 0) return false;
    this.#advancedBytes += this.#rest;
    this.#fileIndex = fileIndex;
    this.#rest = near[place]?.length ?? 0;
    this.#following = this.#following.slice(place + 1);
    return true;
  }

  /** The file that was opened last has been read up to there. */
  progressed(position: number): void {
    const rest = (this.#details.files[this.#fileIndex]?.length ?? 0) - position;
    if (rest >= this.#rest) return;
    this.#advancedBytes += this.#rest - rest;
    this.#rest = rest;
  }

  /** A file of the run was closed, of which everything had been read. */
  readThrough(fileIndex: number): void {
    if (fileIndex === this.#fileIndex) this.progressed(this.#details.files[fileIndex]?.length ?? 0);
    this.#readFiles++;
    this.#readBytes += this.#details.files[fileIndex]?.length ?? 0;
  }

  /** A file of the run that needed no fetching was closed. Nobody knows what was read of it, so it alone proves nothing. */
  passed(fileIndex: number): void {
    if (this.hasProven) this.readThrough(fileIndex);
  }

  /** It looks into files without reading them: nothing of what follows is fetched until it has proven itself again. */
  brokenOff(): void {
    this.#readFiles = 0;
    this.#readBytes = 0;
  }

  /**
   * What is to be fetched of the files that follow. The window doubles as what was read does, to at most `maxBytes`; what is left
   * of the file that is read now is part of it. The same object as before while there is little to change.
   */
  ahead(maxBytes: number): readonly TorrentRange[] {
    const window = this.hasProven ? Math.min(maxBytes, windowAfter(this.#readBytes)) : 0;
    if (window === this.#ahead.window && this.#advancedBytes <= window / 4) return this.#ahead.ranges;
    this.#advancedBytes = 0;
    this.#ahead = { window, ranges: this.#rangesOf(window - this.#rest) };
    return this.#ahead.ranges;
  }

  #rangesOf(bytes: number): TorrentRange[] {
    const ranges: { start: number; endExclusive: number }[] = [];
    let left = bytes;
    for (const { offset, length } of left > 0 ? this.#find(FOUND_FILES / 2) : []) {
      const endExclusive = offset + Math.min(length, left);
      const last = ranges.at(-1);
      if (last?.endExclusive === offset) last.endExclusive = endExclusive;
      else ranges.push({ start: offset, endExclusive });
      left -= length;
      if (left <= 0) break;
    }
    return ranges;
  }

  /** The files that follow: `wanted` of them or more, if there are so many. */
  #find(wanted: number): readonly TorrentFile[] {
    if (this.#following.length < wanted && this.#followsMore) {
      this.#following = filesAfter(this.#details, this.#fileIndex);
      this.#followsMore = this.#following.length === FOUND_FILES;
    }
    return this.#following;
  }
}

interface Ahead {
  readonly window: number;
  readonly ranges: readonly TorrentRange[];
}

function windowAfter(readBytes: number): number {
  return Math.max(FIRST_WINDOW_BYTES, 2 * 2 ** Math.floor(Math.log2(readBytes)));
}

/** The files of the same directory that follow in the torrent, then whatever follows the last of them; without empty ones. */
function filesAfter({ files }: TorrentDetails, fileIndex: number): readonly TorrentFile[] {
  const current = files[fileIndex];
  if (current === undefined) return [];
  const found: TorrentFile[] = [];
  const search = (from: number, isWanted: (file: TorrentFile) => boolean) => {
    for (let index = from; index < from + SEARCHED_FILES && found.length < FOUND_FILES; index++) {
      const file = files[index];
      if (file === undefined) return;
      if (isReadable(file) && isWanted(file)) found.push(file);
    }
  };
  search(fileIndex + 1, file => areSiblings(file, current));
  search((found.at(-1)?.index ?? fileIndex) + 1, () => true);
  return found;
}

function isReadable({ length, padding, symlinkTarget }: TorrentFile): boolean {
  return length > 0 && !padding && symlinkTarget === undefined;
}

function areSiblings({ path: one }: TorrentFile, { path: other }: TorrentFile): boolean {
  if (one.length !== other.length) return false;
  for (let depth = one.length - 2; depth >= 0; depth--) if (one[depth] !== other[depth]) return false;
  return true;
}
