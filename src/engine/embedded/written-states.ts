import { type FileState, stateNow } from '../file-state.ts';

/**
 * Tells for the files that we write whether anybody else did: before each write, and whenever it is asked, the file must be as our
 * last one left it, which its state shows. Writes of ours that overlap are taken as one, since nothing can be told in between.
 */
export class WrittenStates {
  readonly #files = new Map<number, Written>();
  readonly #onOthers: (fileIndex: number) => void;

  /** @param onOthers somebody else wrote to a file or put another in its place; called before a write of ours that finds it */
  constructor(onOthers: (fileIndex: number) => void) {
    this.#onOthers = onOthers;
  }

  /** The file is in this state, and what we believe to be in there has been hashed since. */
  found(fileIndex: number, state: FileState): void {
    this.#files.set(fileIndex, { writers: 0, state, isOurs: true });
  }

  /** Another file was found in the place of the one that we were writing. */
  replaced(fileIndex: number): void {
    const written = this.#files.get(fileIndex);
    if (written !== undefined) written.isOurs = false;
    this.#onOthers(fileIndex);
  }

  /** Looks whether somebody else wrote to the file at `path`; while we write, nobody can tell. */
  lookAt(fileIndex: number, path: string): void {
    const written = this.#files.get(fileIndex);
    if (written?.writers !== 0 || written.state === undefined) return;
    if (written.state !== stateNow(path)) this.replaced(fileIndex);
  }

  /** Runs one write of ours to the file at `path`, which need not be there yet. */
  async during(fileIndex: number, path: string, write: () => Promise<void>): Promise<void> {
    const written = this.#begin(fileIndex, path);
    try {
      await write();
    } finally {
      written.writers--;
      if (written.writers === 0) written.state = stateNow(path);
    }
  }

  /** As our last write left the file; undefined while we write, and once somebody else has. */
  stateOf(fileIndex: number): FileState | undefined {
    const written = this.#files.get(fileIndex);
    return written?.isOurs && written.writers === 0 ? written.state : undefined;
  }

  #begin(fileIndex: number, path: string): Written {
    this.lookAt(fileIndex, path);
    const written = this.#files.get(fileIndex) ?? { writers: 0, state: undefined, isOurs: true };
    this.#files.set(fileIndex, written);
    written.writers++;
    return written;
  }
}

interface Written {
  writers: number;
  state: FileState | undefined;
  isOurs: boolean;
}
