/** What the main thread and the fuse thread say to each other of the root table. Both run one build: nothing is parsed. */

/** From main. */
export interface TreeMessage {
  /** Of main's table, with everything in here applied. */
  readonly version: number;
  readonly slots: readonly SlotChange[];
  readonly virtualNames: readonly Uint8Array[];
  readonly changedAtSeconds: number;
}

/** What became of a slot since the last message. */
export interface SlotChange {
  readonly slot: number;
  /** Undefined when it is removed. */
  readonly entry: { readonly name: Uint8Array; readonly buffer: SharedArrayBuffer } | undefined;
  /** Lookups that main answered meanwhile. */
  readonly lookups: number;
}

/** From the fuse thread: it has taken in what was posted, and knows that there is more. */
export type TreeRequest = 'more';

/** Words of the memory that both share, each with one writer. Versions are compared for equality only, and may wrap. */
const WORD = {
  /** Main: the version of its table. */
  published: 0,
  /** The fuse thread: the version of the last message that it took in. */
  applied: 1,
} as const;

/** The two versions, as both threads see them. */
export class TreeVersions {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  get published(): number {
    return Atomics.load(this.#words, WORD.published);
  }

  set published(version: number) {
    Atomics.store(this.#words, WORD.published, version);
  }

  get applied(): number {
    return Atomics.load(this.#words, WORD.applied);
  }

  set applied(version: number) {
    Atomics.store(this.#words, WORD.applied, version);
  }
}
