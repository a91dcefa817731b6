import { FileBases } from '../cache/file-bases.ts';
import { EngineError } from '../engine/index.ts';
import type { Admission } from './admission.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { ByteRange } from './byte-ranges.ts';
import { ReadError } from './errors.ts';
import { readName } from './fetch-trace.ts';
import { FileRuns } from './file-runs.ts';
import { FileVerifier } from './file-verifier.ts';
import type { HandleTable } from './handle-table.ts';
import { MissingReads } from './missing-reads.ts';
import { OpenFile, type OpenFileParts } from './open-file.ts';
import { OpenHandle } from './open-handle.ts';
import { ReadAhead } from './read-ahead.ts';
import { ReadMeter, type ReadTimes } from './read-meter.ts';
import type { ReadableFile, Reader, ReadOptions, ReadPolicy, ReadRange } from './reader.ts';
import { describeHandle, describeStreams, type HandleSnapshot, type ReaderStatistics } from './reader-snapshot.ts';
import { ReplyMemory } from './reply-memory.ts';
import type { WindowLedger } from './window-ledger.ts';

export interface TorrentReaderParts extends OpenFileParts {
  readonly handles: HandleTable;
  readonly admission: Admission;
  readonly windows: WindowLedger;
  /** Memory for answers that are complete only in part. */
  readonly replyBudget: ByteBudget;
  /** Bytes; 0 reads nothing ahead. */
  readonly maxWindowBytes: number;
}

/** {@link Reader} over an engine and the shared cache. Use `createReader`. */
export class TorrentReader implements Reader {
  readonly #parts: TorrentReaderParts;
  readonly #bases = new FileBases();
  readonly #handles: Map<number, OpenHandle> = new Map();
  readonly #files: Map<string, OpenFile> = new Map();
  readonly #closing: Set<Promise<void>> = new Set();
  readonly #verifier: FileVerifier;
  readonly #runs: FileRuns;
  readonly #meter: ReadMeter;
  readonly #replies = new ReplyMemory();
  readonly #missing: MissingReads;
  #isStopped = false;

  constructor(parts: TorrentReaderParts) {
    this.#parts = parts;
    const { engine, verified, localBudget: budget, log, clock, maxWindowBytes: maxBytes } = parts;
    this.#meter = new ReadMeter(() => parts.clock.now());
    this.#missing = new MissingReads({ ...parts, replies: this.#replies });
    this.#verifier = new FileVerifier({ engine, verified, budget, log, isOpen: file => this.#files.has(keyOf(file)) });
    this.#runs = new FileRuns({ fetchAhead: engine.fetchAhead?.bind(engine), clock, maxBytes });
  }

  open(file: ReadableFile, policy: ReadPolicy): number {
    if (this.#isStopped) throw stopped();
    const { handles, cache, windows, maxWindowBytes } = this.#parts;
    const key = keyOf(file);
    const length = lengthOf(file);
    const base = this.#bases.baseOf(key, Math.ceil(length / cache.blockBytes));
    const handle = handles.open(base, length);
    const openFile = this.#files.get(key) ?? new OpenFile(file, base, this.#parts);
    this.#files.set(key, openFile);
    const readAhead = new ReadAhead({
      fileLength: openFile.layout.length,
      ledger: windows,
      maxBytes: base === 0 ? 0 : maxWindowBytes,
      priority: () => openFile.priority,
      onChange: () => openFile.plan(),
    });
    const opened = new OpenHandle({ handle, file: openFile, readAhead, policy });
    this.#handles.set(handle, opened);
    openFile.demands.add(opened);
    openFile.priority = policy.priority ?? 0;
    openFile.opened();
    this.#runs.opened(file);
    return handle;
  }

  close(handle: number): void {
    const open = this.#handles.get(handle);
    if (open === undefined) return;
    this.#handles.delete(handle);
    this.#runs.closed(open.file.id, this.#howRead(open));
    this.#parts.handles.close(handle);
    failPending(open, () => new ReadError('bad-handle', 'the file was closed while it was read'));
    open.file.demands.delete(open);
    open.close();
    open.file.plan();
    if (open.file.demands.size === 0) this.#closeFile(open.file);
  }

  flushed(handle: number): void {
    this.#handles.get(handle)?.flushed(this.#parts.clock);
  }

  async read(handle: number, range: ReadRange, options: ReadOptions): Promise<readonly Uint8Array[]> {
    const open = this.#get(handle);
    options.signal.throwIfAborted();
    const from = range.offset;
    const to = Math.min(from + range.length, open.file.layout.length);
    if (from >= to) return [];
    this.#observe(open, { offset: from, length: to - from });
    const cached = this.#fromMemory(open.file, from, to);
    if (this.#parts.log.debugEnabled) this.#trace(open.file, { from, to }, options.id, cached !== undefined);
    const bytes = cached ?? (await this.#measured(open, { from, to }, options));
    this.#parts.traffic.delivered += bytes.length;
    return [bytes];
  }

  recycle(slices: readonly Uint8Array[]): void {
    for (const bytes of slices) this.#replies.giveBack(bytes);
  }

  touched(handle: number): void {
    const open = this.#handles.get(handle);
    const range = this.#parts.handles.takeTold(handle);
    if (open !== undefined && range !== undefined) this.#observe(open, range);
  }

  setPolicy(handle: number, policy: ReadPolicy): void {
    const open = this.#get(handle);
    open.policy = policy;
    open.file.priority = policy.priority ?? 0;
  }

  async verifiedLocalFile(file: ReadableFile, { signal }: { readonly signal: AbortSignal }) {
    return await this.#verifier.verified(file, signal);
  }

  dismiss(silentMs: number): void {
    for (const { pending } of this.#handles.values()) {
      for (const [read, { deadline }] of [...pending]) if (deadline.silentMs() >= silentMs) read.fail(stopped());
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const open of [...this.#handles.values()]) {
      failPending(open, stopped);
      this.close(open.handle);
    }
    this.#runs.stop();
    await Promise.all([this.#verifier.stop(), ...this.#closing]);
  }

  /** Resolves when no file is being hashed in the background for {@link verifiedLocalFile}. */
  async verified(): Promise<void> {
    await this.#verifier.settled();
  }

  /** What waits and why, for people: one row for each open handle. */
  snapshot(): readonly HandleSnapshot[] {
    const { clock, handles } = this.#parts;
    const nowMs = clock.now();
    const streams = new Map([...this.#files.values()].map(file => [file, describeStreams(file)]));
    return [...this.#handles.values()].map(open => {
      const { position } = handles.progress(open.handle);
      return describeHandle(open, { nowMs, position, streams: streams.get(open.file) ?? [] });
    });
  }

  /** How long reads took, and what they failed with. */
  times(): ReadTimes {
    return this.#meter.figures();
  }

  statistics(): ReaderStatistics {
    const { admission, pool, windows, replyBudget, localBudget, traffic, cache } = this.#parts;
    return {
      openHandles: this.#handles.size,
      openFiles: this.#files.size,
      openStreams: [...this.#files.values()].reduce((sum, file) => sum + file.streams.length, 0),
      waitingReads: admission.total,
      refusedReads: admission.refused,
      assemblies: pool.size,
      windowBytes: windows.total,
      replyBytes: replyBudget.used,
      localBytes: localBudget.used,
      traffic: { ...traffic },
      cache: cache.statistics(),
    };
  }

  #get(handle: number): OpenHandle {
    const open = this.#handles.get(handle);
    if (open === undefined) throw new ReadError('bad-handle', `no open handle ${handle}`);
    return open;
  }

  #observe(open: OpenHandle, range: ReadRange): void {
    const { handles, clock } = this.#parts;
    open.lastRead = range;
    const { jumps, position } = handles.progress(open.handle);
    const silentlyReadTo = jumps === open.seenJumps ? position : 0;
    open.seenJumps = jumps;
    const mark = open.readAhead.observe(range, clock.now(), silentlyReadTo);
    if (mark !== undefined) handles.setMark(open.handle, mark);
    this.#runs.progressed(open.file.id, endOf(range));
  }

  /** Nobody knows of a file that was held when it was opened: the kernel may have read it without us. */
  #howRead({ handle, file, lastRead }: OpenHandle): 'through' | 'partly' | 'unseen' {
    const { length } = file.layout;
    const { position, jumps } = this.#parts.handles.progress(handle);
    if (jumps === 0 && Math.max(position, endOf(lastRead)) >= length) return 'through';
    return file.holdings.hasAll(0, length) ? 'unseen' : 'partly';
  }

  #fromMemory(file: OpenFile, from: number, to: number): Uint8Array | undefined {
    if (file.memory.firstMissing(from, to) < to) return undefined;
    const bytes = this.#replies.take(to - from);
    for (const part of file.layout.byBlock(from, to)) file.memory.copy(part.from, part.to, bytes, part.from - from);
    return bytes;
  }

  #trace({ id: file, memory }: OpenFile, { from, to }: ByteRange, id: number | undefined, isHit: boolean): void {
    const { log } = this.#parts;
    const fields = { read: id === undefined ? undefined : readName(id), ...file, from, to };
    if (isHit) log.debug(fields, 'the cache has what is read');
    else log.debug({ ...fields, missing: [...memory.missing(from, to)] }, 'the cache lacks what is read');
  }

  #measured(open: OpenHandle, range: ByteRange, options: ReadOptions): Promise<Uint8Array> {
    return this.#meter.measure(onProgress => this.#missing.fetch(open, range, { ...options, onProgress }));
  }

  #closeFile(file: OpenFile): void {
    this.#files.delete(keyOf(file.id));
    const closing = file.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

function endOf(range: ReadRange | undefined): number {
  return range === undefined ? 0 : range.offset + range.length;
}

function keyOf(file: { readonly infoHash: string; readonly fileIndex: number }): string {
  return `${file.infoHash}/${file.fileIndex}`;
}

function lengthOf({ details, fileIndex }: ReadableFile): number {
  const file = details.files[fileIndex];
  if (file === undefined) throw new ReadError('bad-handle', `${details.name} has no file ${fileIndex}`);
  return file.length;
}

/** @param reason made only if anybody waits: an error costs more than all the rest of closing a file */
function failPending(open: OpenHandle, reason: () => Error): void {
  for (const read of [...open.pending.keys()]) read.fail(reason());
}

function stopped(): EngineError {
  return new EngineError('stopped', 'the mount is going away');
}
