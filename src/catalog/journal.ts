import { closeSync, constants, fdatasyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../engine/index.ts';
import { replaceFile, writeAll } from '../util/durable-file.ts';
import { codeOf } from '../util/error-facts.ts';
import type { Logger } from '../util/logger.ts';
import {
  JOURNAL_VERSION,
  type JournalHeader,
  type JournalRecord,
  parseHeader,
  parseRecord,
} from './journal-records.ts';
import { type JournalState, MutableJournalState } from './journal-state.ts';
import { orStorageError } from './storage-error.ts';

/**
 * What only the mount knows, kept in the data directory as JSON lines: one record a line, each on the disk (fdatasync)
 * before `append` returns. After a crash the file ends at most in half a line, which is dropped. When most lines are
 * outdated, the file is written anew beside the old one and renamed over it. Its one writer holds the {@link DataDirLock}.
 */
export class Journal {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #state: MutableJournalState;
  #fd: number;
  #isClosed = false;
  /** Bytes of whole lines. */
  #length: number;
  #lines: number;
  /** How many lines a rewrite would need, counted when it was last worth asking. */
  #linesAfterCompaction: number;

  /** @throws EngineError `io`, `no-space` when the file cannot be read or written, or a newer version wrote it */
  static open(dataDir: string, options: { readonly logger: Logger }): Journal {
    const path = join(dataDir, 'journal.jsonl');
    return orStorageError(path, () => new Journal(path, options.logger));
  }

  private constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    const read = readJournal(path);
    this.#state = read.state;
    this.#lines = read.lines;
    this.#linesAfterCompaction = countRecords(read.state);
    if (read.damagedLines > 0) {
      replaceFile(`${path}.damaged`, read.content);
      logger.warn({ path, lines: read.damagedLines, copy: `${path}.damaged` }, 'skipped damaged lines of the journal');
    }
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    this.#length = read.wholeBytes;
    if (read.wholeBytes === 0 || read.damagedLines > 0) this.#compact();
    else ftruncateSync(this.#fd, this.#length);
  }

  /** As of the last append; it changes with the next. */
  get state(): JournalState {
    return this.#state;
  }

  /**
   * Blocks for as long as the disk takes to keep the records. All of them are kept, or none.
   *
   * @throws EngineError `no-space`, `io`; `stopped` once it is closed
   */
  append(...records: readonly JournalRecord[]): void {
    if (records.length === 0) return;
    // By now the descriptor's number may be another file's.
    if (this.#isClosed) throw new EngineError('stopped', `${this.#path} is closed: the mount has ended`);
    const bytes = Buffer.from(records.map(record => `${JSON.stringify(record)}\n`).join(''));
    orStorageError(this.#path, () => this.#write(bytes));
    for (const record of records) this.#state.apply(record);
    this.#lines += records.length;
    this.#compactIfWorthIt();
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }

  #write(bytes: Uint8Array): void {
    try {
      writeAll(this.#fd, bytes, this.#length);
      fdatasyncSync(this.#fd);
    } catch (error) {
      // A later record must not be glued to half of this one.
      ftruncateSync(this.#fd, this.#length);
      throw error;
    }
    this.#length += bytes.length;
  }

  #compactIfWorthIt(): void {
    if (this.#lines < worthCompacting + 2 * this.#linesAfterCompaction) return;
    this.#linesAfterCompaction = countRecords(this.#state);
    if (this.#lines < worthCompacting + 2 * this.#linesAfterCompaction) return;
    try {
      this.#compact();
    } catch (error) {
      // The records are kept all the same: try again when as many lines have come once more.
      this.#linesAfterCompaction = this.#lines;
      this.#logger.warn({ path: this.#path, error }, 'cannot compact the journal');
    }
  }

  #compact(): void {
    const header: JournalHeader = { journal: 'torrent-fuse', version: JOURNAL_VERSION };
    const lines = [header, ...this.#state.records()].map(record => `${JSON.stringify(record)}\n`);
    const content = Buffer.from(lines.join(''));
    replaceFile(this.#path, content);
    const fd = openSync(this.#path, constants.O_RDWR | constants.O_NOFOLLOW);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#length = content.length;
    this.#lines = lines.length - 1;
    this.#linesAfterCompaction = this.#lines;
  }
}

/** Lines. A file of a thousand outdated lines is read in some milliseconds. */
const worthCompacting = 1000;

interface ReadJournal {
  readonly content: Uint8Array;
  readonly state: MutableJournalState;
  readonly lines: number;
  /** Up to the end of the last line that ends. */
  readonly wholeBytes: number;
  readonly damagedLines: number;
}

function readJournal(path: string): ReadJournal {
  const content = readIfThere(path);
  const wholeBytes = content.lastIndexOf('\n'.charCodeAt(0)) + 1;
  const [first, ...lines] = content.toString('utf8', 0, wholeBytes).split('\n').slice(0, -1);
  const state = new MutableJournalState();
  if (first === undefined) return { content, state, lines: 0, wholeBytes, damagedLines: 0 };
  const headerDamaged = checkHeader(path, first) ? 0 : 1;
  const records = lines.map(parseRecord).filter(record => record !== undefined);
  for (const record of records) state.apply(record);
  const damagedLines = lines.length - records.length + headerDamaged;
  return { content, state, lines: lines.length, wholeBytes, damagedLines };
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** @returns false when the line is damaged */
function checkHeader(path: string, line: string): boolean {
  const header = parseHeader(line);
  if (header !== undefined && header.version > JOURNAL_VERSION) {
    throw new EngineError(
      'io',
      `${path} was written by a newer torrent-fuse (journal version ${header.version}, known here: ${JOURNAL_VERSION}); use that one, or another --data-dir`,
    );
  }
  return header !== undefined;
}

function countRecords(state: MutableJournalState): number {
  let count = 0;
  for (const _ of state.records()) count++;
  return count;
}
