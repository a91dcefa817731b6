/**
 * A cursor over bencoded bytes (BEP 3) that builds nothing: whoever reads asks for what it expects, in order, and skips the
 * rest. So hostile input costs no more memory than its reader chooses to keep, nesting cannot exhaust the stack, and the
 * exact span of a value is known, which an info hash needs. Lenient only where real torrents are: keys in any order, leading
 * zeros, bytes after the end.
 */
export class BencodeReader {
  readonly #bytes: Uint8Array;
  #position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#position = position;
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** What comes next, without taking it. */
  peek(): 'integer' | 'string' | 'list' | 'dictionary' {
    const byte = this.#bytes[this.#position];
    if (byte === INTEGER) return 'integer';
    if (byte === LIST) return 'list';
    if (byte === DICTIONARY) return 'dictionary';
    if (isDigit(byte)) return 'string';
    throw this.#error('expected a value');
  }

  /** @throws BencodeError also for what is no safe integer */
  readInteger(): number {
    this.#expect(INTEGER, 'an integer');
    const isNegative = this.#takeIf(MINUS);
    const magnitude = this.#readDigits(END);
    return isNegative ? -magnitude : magnitude;
  }

  /** A view of the input, not a copy. */
  readString(): Uint8Array {
    if (!isDigit(this.#bytes[this.#position])) throw this.#error('expected a string');
    const length = this.#readDigits(COLON);
    const start = this.#position;
    if (length > this.#bytes.length - start) throw this.#error(`a string of ${length} bytes goes past the end`);
    this.#position = start + length;
    return this.#bytes.subarray(start, this.#position);
  }

  /** Calls `onItem` at each item of a list; it must read or skip exactly one value. */
  readList(onItem: (index: number) => void): void {
    this.#expect(LIST, 'a list');
    for (let index = 0; !this.#takeIf(END); index++) onItem(index);
  }

  /** Calls `onEntry` at each value of a dictionary; it must read or skip exactly one value. Keys as Latin-1. */
  readDictionary(onEntry: (key: string) => void): void {
    this.#expect(DICTIONARY, 'a dictionary');
    while (!this.#takeIf(END)) onEntry(this.#readKey());
  }

  /** Passes over one value of any kind and returns its bytes. That dictionaries have keys in there is not checked. */
  skip(): Uint8Array {
    const start = this.#position;
    let depth = 0;
    do {
      if (depth > 0 && this.#takeIf(END)) {
        depth--;
        continue;
      }
      const kind = this.peek();
      if (kind === 'integer') this.#skipInteger();
      else if (kind === 'string') this.readString();
      else {
        this.#position++;
        depth++;
      }
    } while (depth > 0);
    return this.#bytes.subarray(start, this.#position);
  }

  #readKey(): string {
    const bytes = this.readString();
    // A key longer than any that means something needs no exact name, and an attacker gets no large strings.
    return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1');
  }

  /** Unlike {@link readInteger}, of any size: what is skipped is nobody's number. */
  #skipInteger(): void {
    this.#position++;
    this.#takeIf(MINUS);
    const start = this.#position;
    while (isDigit(this.#bytes[this.#position])) this.#position++;
    if (this.#position === start) throw this.#error('expected a digit');
    this.#expect(END, 'the end of an integer');
  }

  #readDigits(terminator: number): number {
    const start = this.#position;
    let value = 0;
    for (let byte = this.#bytes[start]; byte !== terminator; byte = this.#bytes[++this.#position]) {
      if (byte === undefined || !isDigit(byte)) throw this.#error('expected a digit');
      value = value * 10 + (byte - ZERO);
      if (value > Number.MAX_SAFE_INTEGER) throw this.#error('a number is too large');
    }
    if (this.#position === start) throw this.#error('expected a digit');
    this.#position++;
    return value;
  }

  #expect(byte: number, what: string): void {
    if (!this.#takeIf(byte)) throw this.#error(`expected ${what}`);
  }

  #takeIf(byte: number): boolean {
    if (this.#bytes[this.#position] !== byte) return false;
    this.#position++;
    return true;
  }

  #error(message: string): BencodeError {
    return new BencodeError(`${message} at byte ${this.#position}`);
  }
}

export class BencodeError extends Error {
  override readonly name = 'BencodeError';
}

const INTEGER = 0x69; // i
const LIST = 0x6c; // l
const DICTIONARY = 0x64; // d
const END = 0x65; // e
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}
