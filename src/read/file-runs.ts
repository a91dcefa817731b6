import type { FileId, InfoHash, TorrentDetails, TorrentRange } from '../engine/index.ts';
import type { Clock } from '../util/clock.ts';
import { FileRun } from './file-run.ts';
import type { ReadableFile } from './reader.ts';

export interface FileRunsParts {
  /** See `Engine.fetchAhead`; undefined where the engine has no such thing. */
  readonly fetchAhead: ((infoHash: InfoHash, ranges: readonly TorrentRange[]) => void) | undefined;
  readonly clock: Clock;
  /** The most that is fetched ahead of one reader; 0 fetches nothing. */
  readonly maxBytes: number;
}

/** Some programs read at a few places at once, each in order. */
const RUNS_PER_TORRENT = 4;

/** Whoever copies comes back within milliseconds; this is for slow swarms, and short enough to stop when the copy was stopped. */
const IDLE_MS = 10_000;

/** Sees who goes through the files of a torrent in order, and has the engine fetch what they will open next. */
export class FileRuns {
  readonly #parts: FileRunsParts;
  readonly #torrents: Map<InfoHash, TorrentRuns> = new Map();

  constructor(parts: FileRunsParts) {
    this.#parts = parts;
  }

  opened({ details, infoHash, fileIndex }: ReadableFile): void {
    const { fetchAhead, maxBytes } = this.#parts;
    if (fetchAhead === undefined || maxBytes === 0 || details.files.length === 1) return;
    const torrent = this.#torrents.get(infoHash) ?? new TorrentRuns();
    this.#torrents.set(infoHash, torrent);
    torrent.opened(details, fileIndex);
    this.#tell(infoHash, torrent);
  }

  /** The file is read, up to `position`. */
  progressed({ infoHash, fileIndex }: FileId, position: number): void {
    const torrent = this.#torrents.get(infoHash);
    const run = torrent?.runAt(fileIndex);
    if (torrent === undefined || run === undefined) return;
    run.progressed(position);
    this.#tell(infoHash, torrent);
  }

  /**
   * The file was closed.
   *
   * @param how far it was read: to its end, not so far, or nobody knows since it was wholly held
   */
  closed({ infoHash, fileIndex }: FileId, how: 'through' | 'partly' | 'unseen'): void {
    const torrent = this.#torrents.get(infoHash);
    // One that several read side by side has gone on to another file by now.
    const run = torrent?.runAt(fileIndex) ?? torrent?.latest;
    if (torrent === undefined || run === undefined) return;
    if (how === 'through') run.readThrough(fileIndex);
    else if (how === 'unseen') run.passed(fileIndex);
    else if (run.fileIndex === fileIndex) run.brokenOff();
    this.#tell(infoHash, torrent);
  }

  stop(): void {
    for (const infoHash of [...this.#torrents.keys()]) this.#drop(infoHash);
  }

  #tell(infoHash: InfoHash, torrent: TorrentRuns): void {
    torrent.stopTimer();
    torrent.stopTimer = this.#parts.clock.after(IDLE_MS, () => this.#drop(infoHash));
    const ahead = torrent.ahead(this.#parts.maxBytes);
    const isTold =
      ahead.length === torrent.told.length && ahead.every((ranges, index) => ranges === torrent.told[index]);
    if (isTold) return;
    torrent.told = ahead;
    this.#parts.fetchAhead?.(infoHash, ahead.flat());
  }

  #drop(infoHash: InfoHash): void {
    const torrent = this.#torrents.get(infoHash);
    if (torrent === undefined) return;
    torrent.stopTimer();
    this.#torrents.delete(infoHash);
    if (torrent.told.length > 0) this.#parts.fetchAhead?.(infoHash, []);
  }
}

/** Those of one torrent. */
class TorrentRuns {
  /** What the engine was told last. */
  told: readonly (readonly TorrentRange[])[] = [];
  stopTimer: () => void = () => undefined;
  /** The one used last comes first. */
  #runs: readonly FileRun[] = [];
  /** Those that went on since the last one began: a reader may have left another for that one. */
  readonly #awake: Set<FileRun> = new Set();

  get latest(): FileRun | undefined {
    return this.#runs[0];
  }

  runAt(fileIndex: number): FileRun | undefined {
    return this.#runs.find(run => run.fileIndex === fileIndex);
  }

  opened(details: TorrentDetails, fileIndex: number): void {
    const run = this.#runs.find(known => known.opened(fileIndex)) ?? this.#begin(details, fileIndex);
    this.#awake.add(run);
    this.#runs = [run, ...this.#runs.filter(other => other !== run)].slice(0, RUNS_PER_TORRENT);
  }

  ahead(maxBytes: number): readonly (readonly TorrentRange[])[] {
    const awake = this.#runs.filter(run => this.#awake.has(run));
    return awake.map(run => run.ahead(maxBytes)).filter(ranges => ranges.length > 0);
  }

  #begin(details: TorrentDetails, fileIndex: number): FileRun {
    this.#awake.clear();
    return new FileRun(details, fileIndex, this.latest);
  }
}
