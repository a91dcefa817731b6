import { type ByteStream, EngineError } from '../engine/index.ts';

/**
 * A stream whose bytes need no hash, for as long as they are believed. It breaks when they no longer are: whoever reads on opens
 * another, which is hashed. Asked after each read, since doubts come up before wrong bytes can be read.
 */
export class BelievedStream implements ByteStream {
  readonly #stream: ByteStream;
  readonly #isBelieved: (from: number, to: number) => boolean;

  /** @param isBelieved whether bytes of the file that came just now need no hash */
  constructor(stream: ByteStream, isBelieved: (from: number, to: number) => boolean) {
    this.#stream = stream;
    this.#isBelieved = isBelieved;
  }

  get position(): number {
    return this.#stream.position;
  }

  get endExclusive(): number {
    return this.#stream.endExclusive;
  }

  get uncheckedBytes(): number {
    return this.#stream.uncheckedBytes ?? 0;
  }

  async read(): Promise<Uint8Array | undefined> {
    const from = this.#stream.position;
    const bytes = await this.#stream.read();
    if (bytes === undefined || this.#isBelieved(from, from + bytes.length)) return bytes;
    throw new EngineError('disconnected', 'what the engine streams has to be hashed from now on');
  }

  extend(endExclusive: number): void {
    this.#stream.extend(endExclusive);
  }

  close(): void {
    this.#stream.close();
  }
}
