import { codeOf } from '../../util/error-facts.ts';
import { type FileState, stateNow, stateOf } from '../file-state.ts';

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

  /**
   * Looks whether somebody else wrote to the file at `path`; while we write, nobody can tell, and our write has looked as it began.
   * Not at once: many open files on a server that may not answer, and the thread is every torrent's. Rejects with the system's
   * error.
   */
  async lookAt(fileIndex: number, path: string): Promise<void> {
    const known = this.#knownState(fileIndex);
    if (known === undefined) return;
    const found = await stateIfThere(path);
    if (this.#knownState(fileIndex) === known && found !== known) this.replaced(fileIndex);
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
    const known = this.#knownState(fileIndex);
    if (known !== undefined && known !== stateNow(path)) this.replaced(fileIndex);
    const written = this.#files.get(fileIndex) ?? { writers: 0, state: undefined, isOurs: true };
    this.#files.set(fileIndex, written);
    written.writers++;
    return written;
  }

  /** In which the file must be if nobody else wrote to it, or has since that was told. */
  #knownState(fileIndex: number): FileState | undefined {
    const written = this.#files.get(fileIndex);
    return written?.writers === 0 ? written.state : undefined;
  }
}

interface Written {
  writers: number;
  state: FileState | undefined;
  isOurs: boolean;
}

async function stateIfThere(path: string): Promise<FileState | undefined> {
  try {
    return await stateOf(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
