import { abortable } from '../../util/abortable.ts';
import type { FileId, WaitOptions } from '../engine.ts';
import { EngineError } from '../errors.ts';
import { parseMetainfo } from '../metainfo.ts';
import type { InfoHash, TorrentDetails } from '../torrent.ts';
import type { RqbitClient } from './client.ts';
import { hasStatus } from './http-errors.ts';
import { PieceBits } from './piece-bits.ts';
import type { RqbitDetails, RqbitFile } from './schemas.ts';

/** What never changes of a torrent, and little enough to be kept for all of them. */
export interface TorrentShape {
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly totalLength: number;
  /** Components of the path of its only file; undefined where it has several. */
  readonly onlyPath: readonly string[] | undefined;
}

interface FileList extends RqbitDetails {
  /** Where each file begins in the torrent: asked for at every stream, of torrents of thousands of files. */
  readonly starts: Float64Array;
}

interface FilePlace {
  readonly file: RqbitFile;
  readonly folder: string;
}

/**
 * What is known of rqbit's torrents beyond their state. Shapes and piece maps are kept as long as a torrent is listed; the
 * long file lists only of those that were used last. Whoever asks for the same thing at the same time shares one call.
 */
export class TorrentRecords {
  readonly #client: RqbitClient;
  readonly #stopping = new AbortController();
  readonly #shapes = new Map<InfoHash, Promise<TorrentShape>>();
  readonly #pieces = new Map<InfoHash, Promise<PieceBits>>();
  readonly #files = new Map<InfoHash, Promise<FileList>>();
  readonly #untold = new Map<InfoHash, Uint8Array>();

  constructor(client: RqbitClient) {
    this.#client = client;
  }

  /** @throws EngineError `protocol` when rqbit's file list is not that of the metadata */
  async details(infoHash: InfoHash, options: WaitOptions): Promise<TorrentDetails> {
    const [bytes, { files }] = await Promise.all([this.metainfo(infoHash, options), this.#details(infoHash, options)]);
    const details = parseMetainfo(bytes);
    const isSame =
      details.files.length === files.length &&
      details.files.every((file, index) => file.length === files[index]?.length);
    if (isSame) return details;
    throw new EngineError('protocol', `${this.#client.server}: the files of ${infoHash} are not those of its metadata`);
  }

  /** The .torrent, whose info hash is checked. */
  async metainfo(infoHash: InfoHash, options: WaitOptions): Promise<Uint8Array> {
    const bytes = this.#untold.get(infoHash) ?? (await this.#client.metadata(infoHash, options));
    const details = parseMetainfo(bytes);
    if (details.infoHash !== infoHash) {
      throw new EngineError('protocol', `${this.#client.server} sent the metadata of another torrent for ${infoHash}`);
    }
    this.#shapes.set(infoHash, Promise.resolve(shapeOf(details)));
    return bytes;
  }

  /** It was added from these bytes. They are kept if rqbit cannot give them back: the name goes into an HTTP header there. */
  note(bytes: Uint8Array): void {
    const { infoHash, name } = parseMetainfo(bytes);
    if (/[\p{Cc}]/u.test(name)) this.#untold.set(infoHash, bytes);
  }

  shape(infoHash: InfoHash, { signal }: WaitOptions): Promise<TorrentShape> {
    return shared(this.#shapes, infoHash, signal, async () => {
      return shapeOf(parseMetainfo(await this.metainfo(infoHash, this.#lifetime)));
    });
  }

  /** One live map for each torrent, filled once before it is first given out. */
  pieces(infoHash: InfoHash, { signal }: WaitOptions): Promise<PieceBits> {
    return shared(this.#pieces, infoHash, signal, async () => {
      const { pieceCount } = await this.shape(infoHash, this.#lifetime);
      const bits = new PieceBits(pieceCount, () => this.#askPieces(infoHash, pieceCount));
      await bits.refresh(this.#lifetime);
      return bits;
    });
  }

  async fileLength(file: FileId, options: WaitOptions): Promise<number> {
    return (await this.placeOf(file, options)).file.length;
  }

  /** Whether the byte is held, as far as is known. @throws the signal's reason */
  async isHeld({ infoHash, fileIndex }: FileId, offset: number, { signal }: WaitOptions): Promise<boolean> {
    const pieces = await this.#piecesIfKnown(infoHash, signal);
    if (pieces === undefined) return false;
    const { starts } = await this.#details(infoHash, { signal });
    const { pieceLength } = await this.shape(infoHash, { signal });
    return pieces.has(Math.floor(((starts[fileIndex] ?? 0) + offset) / pieceLength));
  }

  /** The file as rqbit knows it, and the folder on its machine that all files of the torrent lie in. */
  async placeOf({ infoHash, fileIndex }: FileId, options: WaitOptions): Promise<FilePlace> {
    const { files, output_folder: folder } = await this.#details(infoHash, options);
    const file = files[fileIndex];
    if (file === undefined || file.attributes.padding) {
      throw new EngineError('not-found', `torrent ${infoHash} has no file ${fileIndex} with bytes of its own`);
    }
    return { file, folder };
  }

  /** The indexes of all files that can be selected. */
  async allFiles(infoHash: InfoHash, options: WaitOptions): Promise<number[]> {
    const { files } = await this.#details(infoHash, options);
    return [...files.keys()].filter(index => files[index]?.attributes.padding === false);
  }

  /** The torrent may have other files on disk than before: it was removed and added again, or never seen. */
  forgetPlace(infoHash: InfoHash): void {
    this.#files.delete(infoHash);
  }

  forget(infoHash: InfoHash): void {
    this.#shapes.delete(infoHash);
    this.#pieces.delete(infoHash);
    this.#files.delete(infoHash);
    this.#untold.delete(infoHash);
  }

  stop(): void {
    this.#stopping.abort(new EngineError('stopped', 'the engine was stopped'));
  }

  /** For what more than one caller waits for. */
  get #lifetime(): WaitOptions {
    return { signal: this.#stopping.signal };
  }

  async #details(infoHash: InfoHash, { signal }: WaitOptions): Promise<FileList> {
    const details = await shared(this.#files, infoHash, signal, async () => {
      const answer = await this.#client.details(infoHash, this.#lifetime);
      return { ...answer, starts: startsOf(answer.files) };
    });
    keepNewest(this.#files, infoHash);
    return details;
  }

  async #piecesIfKnown(infoHash: InfoHash, signal: AbortSignal): Promise<PieceBits | undefined> {
    const known = this.#pieces.get(infoHash);
    return known === undefined
      ? undefined
      : await abortable(
          known.catch(() => undefined),
          signal,
        );
  }

  async #askPieces(infoHash: InfoHash, pieceCount: number): Promise<Uint8Array | undefined> {
    try {
      return await this.#client.haves(infoHash, pieceCount, this.#lifetime);
    } catch (error) {
      if (hasStatus(error, 412)) return undefined;
      throw error;
    }
  }
}

/** File lists of 100,000 entries take 50 MB; of the usual size, this many take less. */
const FILE_LISTS_KEPT = 64;

function shapeOf({ pieceLength, pieceCount, totalLength, files }: TorrentDetails): TorrentShape {
  const onlyPath = files.length === 1 ? files[0]?.path : undefined;
  return { pieceLength, pieceCount, totalLength, onlyPath };
}

function startsOf(files: readonly RqbitFile[]): Float64Array {
  const starts = new Float64Array(files.length);
  for (let index = 1; index < files.length; index++) {
    starts[index] = (starts[index - 1] ?? 0) + (files[index - 1]?.length ?? 0);
  }
  return starts;
}

/** Only successes are kept. */
function shared<T>(
  kept: Map<InfoHash, Promise<T>>,
  infoHash: InfoHash,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  let answer = kept.get(infoHash);
  if (answer === undefined) {
    answer = ask();
    kept.set(infoHash, answer);
    const asked = answer;
    answer.catch(() => {
      if (kept.get(infoHash) === asked) kept.delete(infoHash);
    });
  }
  return abortable(answer, signal);
}

function keepNewest<T>(kept: Map<InfoHash, T>, used: InfoHash): void {
  const value = kept.get(used);
  if (value === undefined) return;
  kept.delete(used);
  kept.set(used, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= FILE_LISTS_KEPT) return;
    kept.delete(oldest);
  }
}
