import { createHash } from 'node:crypto';
import {
  EngineError,
  type EngineTorrentState,
  type FileWishes,
  type LocalFile,
  type PieceMap,
} from '../../src/engine/index.ts';
import { type InfoHash, parseInfoHash, type TorrentDetails, type TorrentFile } from '../../src/engine/torrent.ts';

export interface FakeFile {
  readonly path: readonly string[];
  /** Bytes. */
  readonly length: number;
  readonly padding?: boolean;
  readonly executable?: boolean;
  readonly hidden?: boolean;
  readonly symlinkTarget?: readonly string[];
}

export interface FakeTorrentOptions {
  readonly name?: string;
  /** Either several files, or `length` alone for a single-file torrent. */
  readonly files?: readonly FakeFile[];
  readonly length?: number;
  readonly pieceLength?: number;
  /** The payload is a function of it, so two torrents of one shape and other seeds differ in every piece. */
  readonly seed?: number;
  /** The payload itself, in place of bytes made from the seed. */
  readonly payload?: Uint8Array;
}

/**
 * A torrent with real bytes, a real info hash and real piece hashes, and the behaviour of a swarm that a test directs: which
 * pieces are held here, how many peers there are and which pieces none of them has, and what the engine says of its state.
 *
 * Pieces that an open stream wants arrive one per turn of the event loop, nearest to the stream first, also when nobody calls
 * `read`: the fetching that a real engine does ahead, so over-download can be counted.
 */
export class FakeTorrent {
  readonly infoHash: InfoHash;
  readonly details: TorrentDetails;
  /** All files, padding included, one after another. */
  readonly payload: Uint8Array;
  readonly metainfo: Uint8Array;
  /** Payload bytes that came from peers; a piece that is fetched twice counts twice. */
  fetchedBytes = 0;
  /** `engineId` of the summary. */
  engineId: number | undefined;
  /** What is fetched although no stream wants it. */
  wishes: FileWishes = { wanted: [], unwanted: [] };

  readonly #held: Set<number> = new Set();
  readonly #withheld: Set<number> = new Set();
  readonly #demands: Set<FakeDemand> = new Set();
  readonly #listeners: Set<() => void> = new Set();
  #peers = 1;
  #state: EngineTorrentState = 'live';
  #error: string | undefined;
  #localFolder: { path: (file: TorrentFile) => string; mustVerify: boolean } | undefined;
  #pumping = false;

  constructor(options: FakeTorrentOptions) {
    const files = options.files ?? [{ path: [options.name ?? 'file.bin'], length: options.length ?? 1 << 20 }];
    const pieceLength = options.pieceLength ?? 1 << 18;
    this.payload = options.payload ?? payloadOf(files, options.seed ?? 1);
    const pieceHashes = hashPieces(this.payload, pieceLength);
    const name = options.name ?? 'file.bin';
    const info = infoDictionary({ name, files: options.files, length: this.payload.length, pieceLength, pieceHashes });
    const infoBytes = bencode(info);
    const infoHash = parseInfoHash(createHash('sha1').update(infoBytes).digest('hex'));
    if (infoHash === undefined) throw new Error('a SHA-1 is an info hash');
    this.infoHash = infoHash;
    this.metainfo = bencode({ info: new Encoded(infoBytes) });
    this.details = {
      infoHash,
      name,
      isSingleFile: options.files === undefined,
      files: layOut(files),
      pieceLength,
      pieceCount: pieceHashes.length / 20,
      pieceHashes,
      totalLength: this.payload.length,
      createdAtSeconds: undefined,
      isPrivate: false,
    };
  }

  /** The bytes of one file. */
  fileBytes(fileIndex: number): Uint8Array {
    const { offset, length } = this.file(fileIndex);
    return this.payload.subarray(offset, offset + length);
  }

  file(fileIndex: number): TorrentFile {
    const file = this.details.files[fileIndex];
    if (file === undefined) throw new EngineError('not-found', `${this.details.name} has no file ${fileIndex}`);
    return file;
  }

  get peers(): number {
    return this.#peers;
  }

  set peers(count: number) {
    this.#peers = count;
    this.#changed();
  }

  get state(): EngineTorrentState {
    return this.#state;
  }

  get error(): string | undefined {
    return this.#error;
  }

  setState(state: EngineTorrentState, error?: string): void {
    this.#state = state;
    this.#error = error;
    this.#changed();
  }

  /** These pieces are held from now on, as if they had been here from the start: nothing is counted as fetched. */
  hold(...pieces: readonly number[]): void {
    for (const piece of pieces) this.#held.add(piece);
    this.#changed();
  }

  holdAll(): void {
    this.hold(...Array.from({ length: this.details.pieceCount }, (_, piece) => piece));
  }

  /** The pieces are gone from here. */
  lose(...pieces: readonly number[]): void {
    for (const piece of pieces) this.#held.delete(piece);
    this.#changed();
  }

  /** No peer has these pieces, until they are released. */
  withhold(...pieces: readonly number[]): void {
    for (const piece of pieces) this.#withheld.add(piece);
  }

  release(...pieces: readonly number[]): void {
    for (const piece of pieces) this.#withheld.delete(piece);
    this.#changed();
  }

  /** A peer delivers the piece now, wanted or not. */
  deliver(piece: number): void {
    this.fetchedBytes += this.pieceLength(piece);
    this.hold(piece);
  }

  /** Held pieces can be read here from now on; the test writes the files itself. */
  setLocalFiles(path: (file: TorrentFile) => string, options: { readonly mustVerify: boolean }): void {
    this.#localFolder = { path, mustVerify: options.mustVerify };
  }

  localFile(fileIndex: number): LocalFile | undefined {
    const folder = this.#localFolder;
    return folder && { path: folder.path(this.file(fileIndex)), mustVerify: folder.mustVerify };
  }

  has(piece: number): boolean {
    return this.#held.has(piece);
  }

  get heldCount(): number {
    return this.#held.size;
  }

  get heldBytes(): number {
    let bytes = 0;
    for (const piece of this.#held) bytes += this.pieceLength(piece);
    return bytes;
  }

  pieceLength(piece: number): number {
    const { pieceLength, totalLength } = this.details;
    return Math.min(pieceLength, totalLength - piece * pieceLength);
  }

  pieceAt(fileIndex: number, fileOffset: number): number {
    return Math.floor((this.file(fileIndex).offset + fileOffset) / this.details.pieceLength);
  }

  /** One live object, as the contract asks. `refreshCount` tells how often it was asked anew. */
  readonly pieceMap: PieceMap & { refreshCount: number } = new FakePieceMap(this);

  /** Whatever wakes a stream: a piece, a peer, a state. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A stream wants these bytes until it withdraws the demand. */
  addDemand(demand: FakeDemand): () => void {
    this.#demands.add(demand);
    this.#pump();
    return () => this.#demands.delete(demand);
  }

  /** A demand has moved. */
  demandChanged(): void {
    this.#pump();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
    this.#pump();
  }

  #pump(): void {
    if (this.#pumping || this.#nextWanted() === undefined) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      const piece = this.#nextWanted();
      if (piece !== undefined) this.deliver(piece);
    });
  }

  get lacksWished(): boolean {
    for (const piece of this.wishedPieces()) if (!this.#held.has(piece)) return true;
    return false;
  }

  *wishedPieces(): Generator<number> {
    for (const { first, endExclusive } of this.wishes.wanted) {
      for (const { index, length } of this.details.files.slice(first, endExclusive)) {
        if (length === 0) continue;
        const last = this.pieceAt(index, length - 1);
        for (let piece = this.pieceAt(index, 0); piece <= last; piece++) yield piece;
      }
    }
  }

  #nextWanted(): number | undefined {
    if (this.#peers === 0 || this.#state !== 'live') return undefined;
    let best: { piece: number; distance: number } | undefined;
    for (const demand of this.#demands) {
      if (demand.position >= demand.endExclusive) continue;
      const first = this.pieceAt(demand.fileIndex, demand.position);
      const last = this.pieceAt(demand.fileIndex, demand.endExclusive - 1);
      for (let piece = first; piece <= last; piece++) {
        if (this.#held.has(piece) || this.#withheld.has(piece)) continue;
        if (best === undefined || piece - first < best.distance) best = { piece, distance: piece - first };
        break;
      }
    }
    return best?.piece ?? this.#nextWished();
  }

  #nextWished(): number | undefined {
    for (const piece of this.wishedPieces()) if (!this.#held.has(piece) && !this.#withheld.has(piece)) return piece;
    return undefined;
  }
}

export interface FakeDemand {
  readonly fileIndex: number;
  readonly position: number;
  readonly endExclusive: number;
}

class FakePieceMap implements PieceMap {
  refreshCount = 0;
  readonly #torrent: FakeTorrent;

  constructor(torrent: FakeTorrent) {
    this.#torrent = torrent;
  }

  get pieceCount(): number {
    return this.#torrent.details.pieceCount;
  }

  get heldCount(): number {
    return this.#torrent.heldCount;
  }

  has(piece: number): boolean {
    return this.#torrent.has(piece);
  }

  toBitfield(): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.pieceCount / 8));
    for (let piece = 0; piece < this.pieceCount; piece++) {
      if (this.has(piece)) bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7));
    }
    return bits;
  }

  async refresh(): Promise<void> {
    this.refreshCount++;
  }
}

/** Bytes in which no two aligned words of a payload are alike, so that a misplaced block never compares equal. Padding is zeros. */
function payloadOf(files: readonly FakeFile[], seed: number): Uint8Array {
  const length = files.reduce((sum, file) => sum + file.length, 0);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let index = 0; index < words.length; index++) {
    let word = (index + Math.imul(seed, 0x9e3779b1)) | 0;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    words[index] = word ^ (word >>> 16);
  }
  const payload = new Uint8Array(words.buffer, 0, length);
  for (const file of layOut(files)) {
    if (file.padding) payload.fill(0, file.offset, file.offset + file.length);
  }
  return payload;
}

function layOut(files: readonly FakeFile[]): readonly TorrentFile[] {
  let offset = 0;
  return files.map((file, index) => {
    const entry: TorrentFile = {
      index,
      path: file.path,
      length: file.length,
      offset,
      padding: file.padding ?? false,
      executable: file.executable ?? false,
      hidden: file.hidden ?? false,
      symlinkTarget: file.symlinkTarget,
    };
    offset += file.length;
    return entry;
  });
}

function hashPieces(payload: Uint8Array, pieceLength: number): Uint8Array {
  const hashes = new Uint8Array(Math.ceil(payload.length / pieceLength) * 20);
  for (let start = 0, at = 0; start < payload.length; start += pieceLength, at += 20) {
    hashes.set(
      createHash('sha1')
        .update(payload.subarray(start, start + pieceLength))
        .digest(),
      at,
    );
  }
  return hashes;
}

function infoDictionary(torrent: {
  name: string;
  files: readonly FakeFile[] | undefined;
  length: number;
  pieceLength: number;
  pieceHashes: Uint8Array;
}): BencodeValue {
  const common = { name: torrent.name, 'piece length': torrent.pieceLength, pieces: torrent.pieceHashes };
  if (torrent.files === undefined) return { ...common, length: torrent.length };
  return { ...common, files: torrent.files.map(fileDictionary) };
}

function fileDictionary(file: FakeFile): BencodeValue {
  const attr = `${file.padding ? 'p' : ''}${file.executable ? 'x' : ''}${file.hidden ? 'h' : ''}${file.symlinkTarget ? 'l' : ''}`;
  return {
    ...(attr === '' ? {} : { attr }),
    length: file.length,
    path: file.path,
    ...(file.symlinkTarget ? { 'symlink path': file.symlinkTarget } : {}),
  };
}

/** BEP 3 bencoding, of what a metainfo needs. */
type BencodeValue =
  | string
  | number
  | Uint8Array
  | Encoded
  | readonly BencodeValue[]
  | { readonly [key: string]: BencodeValue };

class Encoded {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

function bencode(value: BencodeValue): Uint8Array {
  if (value instanceof Encoded) return value.bytes;
  if (typeof value === 'number') return Buffer.from(`i${value}e`);
  if (typeof value === 'string') return bencode(Buffer.from(value));
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.from(`${value.length}:`), value]);
  if (isList(value)) return Buffer.concat([Buffer.from('l'), ...value.map(bencode), Buffer.from('e')]);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([
    Buffer.from('d'),
    ...entries.flatMap(([key, item]) => [bencode(key), bencode(item)]),
    Buffer.from('e'),
  ]);
}

function isList(value: BencodeValue): value is readonly BencodeValue[] {
  return Array.isArray(value);
}
