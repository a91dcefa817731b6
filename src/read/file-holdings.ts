import type { Engine, FileId, LocalFile, PieceMap } from '../engine/index.ts';
import type { Clock } from '../util/clock.ts';
import { Deferred } from '../util/deferred.ts';
import type { Logger } from '../util/logger.ts';
import { fileClosed } from './errors.ts';
import type { FileLayout } from './file-layout.ts';

export interface FileHoldingsParts {
  readonly engine: Engine;
  readonly id: FileId;
  readonly layout: FileLayout;
  readonly clock: Clock;
  readonly log: Logger;
  /** The engine has said where the file lies. */
  readonly located: (local: LocalFile | undefined, map: PieceMap) => void;
  /** It has said something new, or will not do so in time. */
  readonly changed: () => void;
}

/** For so long a file waits to hear what is held and where it lies; then it does without knowing. */
const ANSWER_MS = 2_000;

/** Each of the two is asked anew at most this often, but for each open. */
const ASK_AGAIN_MS = 1_000;

/**
 * What the engine says of one file: which of its pieces are held, and where they lie. What is not known is taken for nothing
 * held here: the engine's stream will say what is wrong.
 */
export class FileHoldings {
  readonly #parts: FileHoldingsParts;
  readonly #closing = new AbortController();
  readonly #prepared = new Deferred<void>();
  readonly #stopWaiting: () => void;
  #map: PieceMap | undefined;
  #isLocated = false;
  #isPrepared = false;
  #asking: Promise<void> | undefined;
  #refreshing: Promise<void> = Promise.resolve();
  #learntAtMs = Number.NEGATIVE_INFINITY;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: FileHoldingsParts) {
    this.#parts = parts;
    this.#stopWaiting = parts.clock.after(ANSWER_MS, () => this.#becomePrepared());
  }

  /** The engine has said what it holds, or did not in time. */
  get isPrepared(): boolean {
    return this.#isPrepared;
  }

  /** Resolves when {@link isPrepared}. Never rejects. */
  get prepared(): Promise<void> {
    return this.#prepared.promise;
  }

  /** Whether the piece is held, as far as is known. */
  has(piece: number): boolean {
    return this.#map?.has(piece) ?? false;
  }

  /** Whether every piece of the range is held, as far as is known. */
  hasAll(from: number, to: number): boolean {
    return this.#parts.layout.everyPiece(from, to, piece => this.has(piece));
  }

  /** Asks what is held and where it lies: somebody opened the file. */
  ask(): void {
    this.#asking ??= this.#ask();
  }

  /** Asks the same if the engine has not said all of it yet; now and then. */
  learn(): void {
    if (this.#isLocated || this.#asking !== undefined || !this.#isDue(this.#learntAtMs)) return;
    this.#learntAtMs = this.#parts.clock.now();
    this.ask();
  }

  /** Asks anew what is held; now and then. Resolves when the engine has said so, or does not in time. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#map === undefined) return;
    if (this.#isDue(this.#refreshedAtMs)) {
      this.#refreshedAtMs = this.#parts.clock.now();
      this.#refreshing = this.#refresh(this.#map);
    }
    await this.#refreshing;
  }

  /** Asks nothing any more. Resolves when the engine is done with what it was asked when the file was opened. */
  async close(): Promise<void> {
    this.#closing.abort(fileClosed);
    this.#becomePrepared();
    await this.#asking;
  }

  #isDue(lastMs: number): boolean {
    return this.#parts.clock.now() - lastMs >= ASK_AGAIN_MS;
  }

  async #ask(): Promise<void> {
    const { engine, id, located } = this.#parts;
    const { signal } = this.#closing;
    try {
      const map = await engine.pieces(id.infoHash, { signal });
      this.#map = map;
      located(await engine.localFile(id, { signal }), map);
      this.#isLocated = true;
    } catch (error) {
      this.#doesNotSay(error);
    } finally {
      this.#asking = undefined;
      this.#becomePrepared();
    }
  }

  async #refresh(map: PieceMap): Promise<void> {
    const { clock, changed } = this.#parts;
    const heard = new Deferred<void>();
    const stopWaiting = clock.after(ANSWER_MS, () => heard.resolve());
    map
      .refresh({ signal: this.#closing.signal })
      .then(changed)
      .catch(error => this.#doesNotSay(error))
      .finally(() => heard.resolve());
    await heard.promise;
    stopWaiting();
  }

  #becomePrepared(): void {
    this.#isPrepared = true;
    this.#stopWaiting();
    this.#prepared.resolve();
    this.#parts.changed();
  }

  #doesNotSay(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#parts.log.debug({ ...this.#parts.id, error }, 'the engine does not say what it holds of a file');
  }
}
