import { type FileState, stateNow } from '../file-state.ts';

/**
 * Tells for the files that we write whether anybody else did: before each write the file must be as our last one left it, which
 * its state shows. Writes of ours that overlap are taken as one, since nothing can be told in between.
 */
export class WrittenStates {
  readonly #files = new Map<number, Written>();
  #isOnlyOurs = true;

  /** False once anybody else was found to have written to a file. */
  get isOnlyOurs(): boolean {
    return this.#isOnlyOurs;
  }

  /** The file is in this state, and what we believe to be in there has been hashed since. */
  found(fileIndex: number, state: FileState): void {
    this.#files.set(fileIndex, { writers: 0, state, isOurs: true });
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
    const written = this.#files.get(fileIndex) ?? { writers: 0, state: undefined, isOurs: true };
    this.#files.set(fileIndex, written);
    if (written.writers === 0 && written.state !== undefined && written.state !== stateNow(path)) {
      written.isOurs = false;
      this.#isOnlyOurs = false;
    }
    written.writers++;
    return written;
  }
}

interface Written {
  writers: number;
  state: FileState | undefined;
  isOurs: boolean;
}
