import { ReadError } from '../../src/read/errors.ts';
import type { ReadableFile, Reader, ReadOptions, ReadPolicy, ReadRange, VerifiedFile } from '../../src/read/reader.ts';
import type { FakeEngine } from './fake-engine.ts';

/** A reader without a cache: what a fake torrent holds it gives, for the rest it waits until its signal fires. */
export class FakeReader implements Reader {
  /** The open handles and their policies. */
  readonly policies = new Map<number, ReadPolicy>();
  /** Handles of {@link flushed}, in order. */
  readonly flushedHandles: number[] = [];
  /** What {@link verifiedLocalFile} answers. */
  verified: VerifiedFile | undefined;
  /** Answers {@link verifiedLocalFile} with the rejection of its signal only. */
  verifyingHangs = false;
  /** Calls of {@link verifiedLocalFile}. */
  verifications = 0;
  readonly #engine: FakeEngine;
  readonly #files = new Map<number, ReadableFile>();
  #lastHandle = 0;

  constructor(engine: FakeEngine) {
    this.#engine = engine;
  }

  open(file: ReadableFile, policy: ReadPolicy): number {
    this.#lastHandle += 1;
    this.#files.set(this.#lastHandle, file);
    this.policies.set(this.#lastHandle, policy);
    return this.#lastHandle;
  }

  close(handle: number): void {
    this.#files.delete(handle);
    this.policies.delete(handle);
  }

  flushed(handle: number): void {
    this.flushedHandles.push(handle);
  }

  async read(handle: number, range: ReadRange, options: ReadOptions): Promise<readonly Uint8Array[]> {
    const file = this.#files.get(handle);
    if (file === undefined) throw new ReadError('bad-handle', `no handle ${handle}`);
    const torrent = this.#engine.torrent(file.infoHash);
    if (torrent.heldCount === file.details.pieceCount) {
      return [torrent.fileBytes(file.fileIndex).slice(range.offset, range.offset + range.length)];
    }
    if (options.nonBlocking || this.policies.get(handle)?.whenMissing === 'eagain') {
      throw new ReadError('missing', 'not here');
    }
    return untilAborted(options.signal);
  }

  recycle(): void {}

  touched(): void {}

  setPolicy(handle: number, policy: ReadPolicy): void {
    this.policies.set(handle, policy);
  }

  dismiss(): void {}

  async verifiedLocalFile(_: ReadableFile, { signal }: { signal: AbortSignal }): Promise<VerifiedFile | undefined> {
    this.verifications += 1;
    return this.verifyingHangs ? untilAborted(signal) : this.verified;
  }

  async stop(): Promise<void> {}
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
